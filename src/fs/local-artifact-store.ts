import { mkdirSync } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { placeBelow } from "../base/local-paths.ts";
import { noSuchArtifact, refuseIfAborted } from "../base/store-errors.ts";
import type { ArtifactInfo, ArtifactStore, TransferControl } from "../contract/artifact-store.ts";
import { makeDirectory } from "../disk/atomic-file.ts";
import { guarded, isMissing, storageError } from "../disk/storage-errors.ts";
import { isTemporaryName, temporaryName } from "../disk/temporary-name.ts";
import { Containment } from "./containment.ts";
import { typeOf } from "./key-files.ts";
import { makeParents } from "./parents.ts";

/** Copied at once: large enough to be fast, small enough to show progress and to stop soon. */
const PIECE_BYTES = 1 << 20;

/** Files below one local directory. */
export class LocalArtifactStore implements ArtifactStore {
  readonly uri: string;
  readonly #root: string;
  readonly #containment: Containment;
  readonly #isRunOurs: boolean;

  /** @param isRunOurs - The root is inside a run of this store, whose directory is never made again once it was deleted. */
  constructor(root: string, isRunOurs: boolean) {
    this.uri = pathToFileURL(root).href;
    this.#root = root;
    this.#containment = new Containment(root);
    this.#isRunOurs = isRunOurs;
  }

  async list(directory?: string): Promise<readonly ArtifactInfo[]> {
    const place = directory === undefined ? this.#root : this.#pathOf(directory);
    try {
      this.#containment.check(place);
      const entries = await readdir(place, { withFileTypes: true });
      const infos = entries.map(async (entry): Promise<ArtifactInfo | undefined> => {
        const path = join(place, entry.name);
        const type = isTemporaryName(entry.name) ? undefined : typeOf(this.#containment, path, entry);
        if (type === undefined) return undefined;
        const name = directory === undefined ? entry.name : `${directory}/${entry.name}`;
        if (type === "directory") return { path: name, isDirectory: true };
        return { path: name, isDirectory: false, sizeBytes: (await stat(path)).size };
      });
      return (await Promise.all(infos)).filter((info) => info !== undefined).sort((a, b) => (a.path < b.path ? -1 : 1));
    } catch (error) {
      if (isMissing(error)) return [];
      throw storageError("list", place, error);
    }
  }

  async upload(localFile: string, path: string, control: TransferControl = {}): Promise<void> {
    await this.#put(path, control, async (target) => {
      await using source = await open(localFile, "r");
      await copy(source, target, control);
    });
  }

  async write(path: string, bytes: Uint8Array, control: TransferControl = {}): Promise<void> {
    await this.#put(path, control, async (target) => {
      await target.writeFile(bytes);
      control.onBytes?.(bytes.length);
    });
  }

  async download(path: string, localFile: string, control: TransferControl = {}): Promise<void> {
    const source = this.#existing(path);
    await replaceWhole(localFile, control, async (target) => {
      await using file = await open(source, "r");
      await copy(file, target, control);
    });
  }

  async read(path: string, { signal, onBytes }: TransferControl = {}): Promise<Uint8Array> {
    const place = this.#existing(path);
    try {
      const bytes = await readFile(place, signal === undefined ? {} : { signal });
      onBytes?.(bytes.length);
      return bytes;
    } catch (error) {
      refuseIfAborted(signal);
      throw storageError("read", place, error);
    }
  }

  async delete(path: string): Promise<void> {
    const place = this.#pathOf(path);
    guarded("delete", place, () => this.#found(path, () => this.#containment.check(dirname(place))));
    // A link is removed, not what it points to.
    const isThere = await rm(place, { recursive: true }).then(
      () => true,
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw storageError("delete", place, error);
      },
    );
    if (!isThere) throw noSuchArtifact(path, this.#root);
  }

  async #put(path: string, control: TransferControl, fill: (target: FileHandle) => Promise<void>): Promise<void> {
    const place = this.#pathOf(path);
    guarded("write", place, () => {
      if (this.#isRunOurs) makeDirectory(this.#root);
      else mkdirSync(this.#root, { recursive: true });
      makeParents(this.#containment, this.#root, place);
    });
    await replaceWhole(place, control, fill);
  }

  #pathOf(path: string): string {
    return placeBelow(this.#root, "artifact path", path);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  #existing(path: string): string {
    const place = this.#pathOf(path);
    this.#found(path, () => this.#containment.check(place));
    return place;
  }

  #found(path: string, look: () => void): void {
    try {
      look();
    } catch (error) {
      throw isMissing(error) ? noSuchArtifact(path, this.#root) : error;
    }
  }
}

/** Fills a file beside its place and renames it, so that readers see the old file or the whole new one. */
async function replaceWhole(
  place: string,
  { signal }: TransferControl,
  fill: (target: FileHandle) => Promise<void>,
): Promise<void> {
  refuseIfAborted(signal);
  const temporary = join(dirname(place), temporaryName());
  try {
    {
      await using target = await open(temporary, "wx");
      await fill(target);
    }
    refuseIfAborted(signal);
    await rename(temporary, place);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw storageError("write", place, error);
  }
}

async function copy(source: FileHandle, target: FileHandle, { signal, onBytes }: TransferControl): Promise<void> {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (;;) {
    refuseIfAborted(signal);
    const { bytesRead } = await source.read(piece, 0, PIECE_BYTES);
    if (bytesRead === 0) return;
    await target.writeFile(piece.subarray(0, bytesRead));
    onBytes?.(bytesRead);
  }
}
