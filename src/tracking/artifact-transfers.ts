import type { Dirent } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { describe, messageOf, TidemarkError } from "../base/errors.ts";
import { checkRelativePath } from "../base/paths.ts";
import { refuseIfAborted } from "../base/store-errors.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { FileSize, FileTransfer } from "./stored-files.ts";

/** How far a transfer is. */
export interface TransferProgress {
  /** Of all files of the call together. */
  readonly transferredBytes: number;
  readonly totalBytes: number;
  /** The file these bytes belong to, relative to the artifact root. */
  readonly file: string;
}

/** What watches and stops a transfer. */
export interface TransferWatch {
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

// More hides no latency on disk and only competes for bandwidth elsewhere.
const PARALLEL_FILES = 4;

/**
 * Copies a file into `directory` below the artifact root, or a directory with all it holds.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where there is nothing to copy, `CANCELLED`, or the store's error
 */
export async function uploadArtifact(
  store: ArtifactStore,
  localPath: string,
  directory: string | undefined,
  watch: TransferWatch,
): Promise<void> {
  const source = resolve(localPath);
  const isDirectory = await isLocalDirectory(source);
  const target = belowDirectory(directory, basename(source));
  const files = isDirectory ? await localFiles(source, target) : [await localFile(source, target)];
  await transferAll(files, watch, (file, control) => store.upload(file.localFile, file.path, control));
}

/** Copies what a directory holds into `directory` below the artifact root, but for files that are there already. */
export async function uploadDirectory(
  store: ArtifactStore,
  localDirectory: string,
  directory: string | undefined,
  watch: TransferWatch,
  isThere: (file: FileSize) => boolean = () => false,
): Promise<void> {
  const source = resolve(localDirectory);
  if (!(await isLocalDirectory(source))) {
    throw new TidemarkError(
      "INVALID_PARAMETER_VALUE",
      `localDirectory: ${describe(localDirectory)} is not a directory`,
    );
  }
  const files = (await localFiles(source, directory)).filter((file) => !isThere(file));
  await transferAll(files, watch, (file, control) => store.upload(file.localFile, file.path, control));
}

/**
 * Copies a file or directory of the artifacts into a local directory and answers where it is now. Names come from the backend
 * and never leave that directory.
 */
export async function downloadArtifact(
  store: ArtifactStore,
  path: string | undefined,
  destination: string,
  watch: TransferWatch,
): Promise<string> {
  const root = resolve(destination);
  // Few programs ever download.
  const { storedFiles } = await import("./stored-files.ts");
  await downloadFiles(store, await storedFiles(store, path, root), root, watch);
  return path === undefined ? root : join(root, path);
}

/** Copies files of the artifacts to where each belongs below a local directory, which is made. */
export async function downloadFiles(
  store: ArtifactStore,
  files: readonly FileTransfer[],
  root: string,
  watch: TransferWatch,
): Promise<void> {
  for (const directory of new Set([root, ...files.map((file) => dirname(file.localFile))])) {
    await mkdir(directory, { recursive: true });
  }
  await transferAll(files, watch, (file, control) => store.download(file.path, file.localFile, control));
}

async function transferAll(
  files: readonly FileTransfer[],
  watch: TransferWatch,
  transfer: (file: FileTransfer, control: { signal: AbortSignal; onBytes: (count: number) => void }) => Promise<void>,
): Promise<void> {
  const { onProgress } = watch;
  const totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  let transferredBytes = 0;
  // One failure stops the others: a half copied directory helps nobody.
  const failure = new AbortController();
  const signal = watch.signal === undefined ? failure.signal : AbortSignal.any([watch.signal, failure.signal]);
  const { default: PQueue } = await import("p-queue");
  const queue = new PQueue({ concurrency: PARALLEL_FILES });
  let firstError: unknown;
  for (const file of files) {
    void queue.add(async () => {
      if (signal.aborted) return;
      const onBytes = (count: number) => {
        transferredBytes += count;
        onProgress?.({ transferredBytes, totalBytes, file: file.path });
      };
      try {
        await transfer(file, { signal, onBytes });
      } catch (error) {
        firstError ??= error;
        failure.abort();
      }
    });
  }
  await queue.onIdle();
  if (firstError !== undefined) throw firstError;
  refuseIfAborted(watch.signal);
}

async function isLocalDirectory(localPath: string): Promise<boolean> {
  try {
    return (await stat(localPath)).isDirectory();
  } catch (error) {
    throw unreadable(localPath, error);
  }
}

async function localFile(source: string, path: string): Promise<FileTransfer> {
  return { localFile: source, path: checkRelativePath("path", path), sizeBytes: (await stat(source)).size };
}

/** Files below a directory. Links to files are followed, links to directories are not: they may lead in circles. */
export async function localFiles(directory: string, target?: string): Promise<FileTransfer[]> {
  const entries: Dirent[] = await readdir(directory, { withFileTypes: true }).catch((error) => {
    throw unreadable(directory, error);
  });
  const files: FileTransfer[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const source = join(directory, entry.name);
    const path = belowDirectory(target, entry.name);
    if (entry.isDirectory()) files.push(...(await localFiles(source, path)));
    else if (entry.isFile() || (entry.isSymbolicLink() && !(await isLocalDirectory(source)))) {
      files.push(await localFile(source, path));
    }
  }
  return files;
}

const belowDirectory = (directory: string | undefined, name: string) =>
  directory === undefined ? name : `${directory}/${name}`;

function unreadable(localPath: string, error: unknown): TidemarkError {
  return new TidemarkError("INVALID_PARAMETER_VALUE", `cannot read ${describe(localPath)}: ${messageOf(error)}`, {
    cause: error,
  });
}
