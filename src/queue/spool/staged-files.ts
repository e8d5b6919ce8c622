import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TidemarkError } from "../../base/errors.ts";
import { removeFile, replaceFile } from "../../disk/atomic-file.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { type StagedFile, stagedFileSchema } from "./spool-header.ts";
import type { SpoolSpace } from "./spool-space.ts";

/** Larger files are not copied to the spool. */
export const MAX_STAGED_BYTES = 64 * 1024 * 1024;

const DIRECTORY = "files";
const NAME = /^(\d{9})\.json$/;

/** A file that waits for its upload, and where its bytes are. */
export interface WaitingFile extends StagedFile {
  readonly number: string;
  readonly localFile: string;
}

/** Files that wait beside a journal: the bytes first, then a small JSON that says what they are. Oldest first, by number. */
export class StagedFiles {
  readonly #directory: string;
  readonly #room: { readonly space: SpoolSpace; readonly maxBytes: number };

  constructor(entryDirectory: string, room: { readonly space: SpoolSpace; readonly maxBytes: number }) {
    this.#directory = join(entryDirectory, DIRECTORY);
    this.#room = room;
  }

  /** @throws {TidemarkError} `STORAGE_FULL`, or what the disk says */
  add(path: string, source: string | Uint8Array): void {
    const sizeBytes = typeof source === "string" ? statSync(source).size : source.length;
    const { space, maxBytes } = this.#room;
    if (sizeBytes > MAX_STAGED_BYTES || !space.take(sizeBytes, maxBytes)) {
      throw new TidemarkError("STORAGE_FULL", `${path}: the spool does not take ${sizeBytes} bytes more`);
    }
    try {
      mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
      const number = String(this.#lastNumber() + 1).padStart(9, "0");
      const data = this.#dataFile(number);
      if (typeof source === "string") copyFileSync(source, data);
      else writeFileSync(data, source, { mode: 0o600 });
      replaceFile(this.#directory, join(this.#directory, `${number}.json`), JSON.stringify({ path, sizeBytes }));
    } catch (error) {
      space.give(sizeBytes);
      throw storageError("stage", path, error);
    }
  }

  /** What waits, oldest first. */
  list(): WaitingFile[] {
    return this.#numbers().flatMap((number) => {
      const parsed = stagedFileSchema.safeParse(
        JSON.parse(readFileSync(join(this.#directory, `${number}.json`), "utf8")),
      );
      return parsed.success ? [{ ...parsed.data, number, localFile: this.#dataFile(number) }] : [];
    });
  }

  /** It is at the backend. */
  remove({ number, sizeBytes }: WaitingFile): void {
    removeFile(join(this.#directory, `${number}.json`));
    removeFile(this.#dataFile(number));
    this.#room.space.give(sizeBytes);
  }

  #dataFile = (number: string): string => join(this.#directory, `${number}.data`);

  #lastNumber = (): number => Number(this.#numbers().at(-1) ?? 0);

  #numbers(): string[] {
    try {
      return readdirSync(this.#directory)
        .flatMap((name) => NAME.exec(name)?.[1] ?? [])
        .sort();
    } catch {
      return [];
    }
  }
}
