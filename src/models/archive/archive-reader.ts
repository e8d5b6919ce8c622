import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { TidemarkError } from "../../base/errors.ts";
import { damaged, storageError } from "../../disk/storage-errors.ts";
import { readFully } from "./read-fully.ts";

/** The bytes of an archive that is read: any of them, and none that are not there. */
export class ArchiveReader implements AsyncDisposable {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle, sizeBytes: number) {
    this.path = path;
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  static async open(path: string): Promise<ArchiveReader> {
    try {
      // A pipe that lies where an archive belongs must not block.
      const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const facts = await file.stat();
      if (facts.isFile()) return new ArchiveReader(path, file, facts.size);
      await file.close();
    } catch (error) {
      throw storageError("read", path, error);
    }
    throw damaged(path, "is not a file");
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` where the archive ends before */
  async read(position: number, length: number): Promise<Buffer> {
    if (position + length > this.sizeBytes) throw this.damaged("ends too early");
    const bytes = await readFully(this.#file, position, length).catch((error) => {
      throw storageError("read", this.path, error);
    });
    if (bytes.length < length) throw this.damaged("became shorter while it was read");
    return bytes;
  }

  damaged(problem: string, cause?: unknown): TidemarkError {
    return damaged(this.path, problem, cause);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}
