import { readFile, writeFile } from "node:fs/promises";
import { messageOf, TidemarkError } from "../base/errors.ts";
import { checkRelativePath } from "../base/paths.ts";
import { noSuchArtifact, refuseIfAborted } from "../base/store-errors.ts";
import type { ArtifactInfo, ArtifactStore, TransferControl } from "../contract/artifact-store.ts";

/** Files in a map from URI to bytes; directories are what their paths say. */
export class MemoryArtifactStore implements ArtifactStore {
  readonly uri: string;
  readonly #root: string;
  readonly #files: Map<string, Uint8Array>;

  /** @param files - Of all roots: one root may be a directory of another. */
  constructor(uri: string, files: Map<string, Uint8Array>) {
    this.uri = uri;
    this.#root = `${uri.replace(/\/+$/, "")}/`;
    this.#files = files;
  }

  async list(directory?: string): Promise<readonly ArtifactInfo[]> {
    const prefix = directory === undefined ? "" : `${checkRelativePath("directory", directory)}/`;
    const children = new Map<string, ArtifactInfo>();
    for (const [uri, bytes] of this.#files) {
      const path = uri.slice(this.#root.length);
      if (!uri.startsWith(this.#root) || !path.startsWith(prefix)) continue;
      const slash = path.indexOf("/", prefix.length);
      const child = slash < 0 ? path : path.slice(0, slash);
      children.set(
        child,
        slash < 0 ? { path, isDirectory: false, sizeBytes: bytes.length } : { path: child, isDirectory: true },
      );
    }
    return [...children.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async upload(localFile: string, path: string, control?: TransferControl): Promise<void> {
    await this.write(path, await local(localFile, () => readFile(localFile)), control);
  }

  async write(path: string, bytes: Uint8Array, { signal, onBytes }: TransferControl = {}): Promise<void> {
    checkRelativePath("path", path);
    refuseIfAborted(signal);
    // The caller may use its array again.
    this.#files.set(this.#root + path, bytes.slice());
    onBytes?.(bytes.length);
  }

  async download(path: string, localFile: string, control?: TransferControl): Promise<void> {
    const bytes = await this.read(path, control);
    await local(localFile, () => writeFile(localFile, bytes));
  }

  async read(path: string, { signal, onBytes }: TransferControl = {}): Promise<Uint8Array> {
    const bytes = this.#files.get(this.#root + checkRelativePath("path", path));
    if (bytes === undefined) throw noSuchArtifact(path, this.uri);
    refuseIfAborted(signal);
    onBytes?.(bytes.length);
    return bytes.slice();
  }

  async delete(path: string): Promise<void> {
    const place = this.#root + checkRelativePath("path", path);
    const doomed = [...this.#files.keys()].filter((file) => file === place || file.startsWith(`${place}/`));
    if (doomed.length === 0) throw noSuchArtifact(path, this.uri);
    for (const file of doomed) this.#files.delete(file);
  }
}

async function local<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw new TidemarkError("STORAGE_ERROR", `${path}: ${messageOf(error)}`, { cause: error, details: { path } });
  }
}
