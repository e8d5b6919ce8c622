import { dirname } from "node:path";
import { TidemarkError } from "../base/errors.ts";
import { placeBelow } from "../base/local-paths.ts";
import { noSuchArtifact } from "../base/store-errors.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";

// A store that lists a directory inside itself for ever is stopped here.
const MOST_NESTING = 64;
const MOST_ENTRIES = 1_000_000;

/** A file of a store or of a local directory. */
export interface FileSize {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly sizeBytes: number;
}

/** The same with its place on this machine. */
export interface FileTransfer extends FileSize {
  readonly localFile: string;
}

/** The files to download for a path of a store, and where they go below a local directory. */
export async function storedFiles(
  store: ArtifactStore,
  path: string | undefined,
  root: string,
): Promise<FileTransfer[]> {
  const parent = path === undefined || !path.includes("/") ? undefined : dirname(path);
  const itself = path === undefined ? undefined : (await store.list(parent)).find((info) => info.path === path);
  if (path !== undefined && itself === undefined) throw noSuchArtifact(path, store.uri);
  if (itself !== undefined && !itself.isDirectory) return [transferTo(root, itself)];
  return (await listFiles(store, path)).map((file) => transferTo(root, file));
}

/** Where a file of a store goes below a local directory. Its name is the backend's, so that it is checked. */
export const transferTo = (
  root: string,
  { path, sizeBytes = 0 }: { readonly path: string; readonly sizeBytes?: number },
): FileTransfer => ({ localFile: placeBelow(root, "artifact path", path), path, sizeBytes });

/**
 * All files of a store, or below one of its directories.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for a listing without end, or the store's error
 */
export async function listFiles(store: ArtifactStore, directory?: string): Promise<FileSize[]> {
  const files: FileSize[] = [];
  const directories = [directory];
  while (directories.length > 0) {
    const place = directories.pop();
    if ((place?.split("/").length ?? 0) > MOST_NESTING)
      throw endless(store, `is nested over ${MOST_NESTING} levels deep`);
    for (const { path, isDirectory, sizeBytes = 0 } of await store.list(place)) {
      if (isDirectory) directories.push(path);
      else files.push({ path, sizeBytes });
      if (files.length + directories.length > MOST_ENTRIES)
        throw endless(store, `has more than ${MOST_ENTRIES} entries`);
    }
  }
  return files;
}

const endless = (store: ArtifactStore, problem: string) =>
  new TidemarkError("DATA_DAMAGED", `the listing of ${store.uri} ${problem}`);
