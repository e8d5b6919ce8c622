import { mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { refuseIfAborted } from "../../base/store-errors.ts";
import { newDirectory } from "../../disk/new-directory.ts";
import { MLMODEL_FILE } from "../../mlmodel/mlmodel-file.ts";
import { checkArgument } from "../../schema/check.ts";
import type { TransferWatch } from "../../tracking/artifact-transfers.ts";
import { ArchiveWatch, checkPath, codedError, watchFields } from "./archive-options.ts";
import { ArchiveReader } from "./archive-reader.ts";
import { EntryNames } from "./entry-names.ts";
import { unpackEntry } from "./unpack-entry.ts";
import { findDirectory } from "./zip-directory.ts";
import { readEntries, type ZipEntry } from "./zip-entry.ts";
import { type PlacedEntry, placeEntries } from "./zip-layout.ts";

/** How {@link unpackModel} unpacks. */
export interface UnpackOptions extends TransferWatch {
  /**
   * Most bytes of all files together. Default 8 GiB, and not more than 200 times the archive (256 MiB where that is less), so that
   * a small archive of nothing but zeros does not fill the disk.
   */
  readonly maxBytes?: number | undefined;
  /** Most entries, directories among them. Default 10,000. */
  readonly maxFiles?: number | undefined;
  /** A model that is in the place already is replaced. Default false. Anything else that is there never is. */
  readonly overwrite?: boolean | undefined;
}

const optionsSchema = z.strictObject({
  ...watchFields,
  maxBytes: z.int().positive().optional(),
  maxFiles: z.int().positive().optional(),
  overwrite: z.boolean().optional(),
});

const GIB = 2 ** 30;
const MOST_BYTES = 8 * GIB;
const MOST_TIMES_THE_ARCHIVE = 200;
const ALWAYS_ALLOWED_BYTES = GIB / 4;
const MOST_FILES = 10_000;
/** It is read as a whole. */
const MOST_LIST_BYTES = 64 * 2 ** 20;

interface Limits {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/**
 * Unpacks a zip archive of a model into a directory and answers its absolute path. The archive may come from anybody: every entry
 * is checked before the first byte is written, and what the bytes turn out to be while they are. An MLmodel must lie at its root.
 *
 * The directory is made beside its place and renamed: there is all of it, or nothing.
 *
 * @param archiveFile written by {@link packModel}, or by any other tool: stored or deflated, of 32 or 64 bits
 * @param directory what must not be there, or be empty; made with its parents
 * @throws {TidemarkError} `DATA_DAMAGED` for an archive that is no archive of a model, with the reason; `RESOURCE_ALREADY_EXISTS`;
 * `CANCELLED`; the disk's error
 *
 * @example
 * ```ts
 * const directory = await unpackModel("digits.zip", "models/digits");
 * ```
 */
export async function unpackModel(
  archiveFile: string,
  directory: string,
  options: UnpackOptions = {},
): Promise<string> {
  const {
    maxBytes,
    maxFiles = MOST_FILES,
    overwrite = false,
    ...watching
  } = checkArgument("options", optionsSchema, options);
  const source = resolve(checkPath("archiveFile", archiveFile));
  const target = resolve(checkPath("directory", directory));
  refuseIfAborted(watching.signal);
  await using archive = await ArchiveReader.open(source);
  const ratioBound = Math.max(ALWAYS_ALLOWED_BYTES, MOST_TIMES_THE_ARCHIVE * archive.sizeBytes);
  const limits = { maxBytes: maxBytes ?? Math.min(MOST_BYTES, ratioBound), maxFiles };
  const entries = await checkedEntries(archive, limits, () => refuseIfAborted(watching.signal));
  const watch = new ArchiveWatch(sizeOf(entries), watching);
  await newDirectory(target, { replaces: overwrite ? MLMODEL_FILE : undefined }, async (temporary) => {
    await unpackInto(temporary, archive, entries, watch);
    watch.check();
  });
  return target;
}

/** Everything that is known of the archive without unpacking it. */
async function checkedEntries(archive: ArchiveReader, limits: Limits, check: () => void): Promise<PlacedEntry[]> {
  const place = await findDirectory(archive);
  if (place.entries > limits.maxFiles) {
    throw archive.damaged(`holds ${place.entries} entries; maxFiles is ${limits.maxFiles}`);
  }
  if (place.sizeBytes > MOST_LIST_BYTES) throw archive.damaged(`has a list of entries of ${place.sizeBytes} bytes`);
  const entries = await readEntries(archive, place);
  const sizeBytes = sizeOf(entries);
  if (sizeBytes > limits.maxBytes) {
    throw archive.damaged(`declares ${sizeBytes} bytes of files; maxBytes is ${limits.maxBytes}`);
  }
  checkNames(archive, entries);
  return await placeEntries(archive, entries, place.position, check);
}

const sizeOf = (entries: readonly ZipEntry[]): number => entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

function checkNames(archive: ArchiveReader, entries: readonly ZipEntry[]): void {
  const names = new EntryNames();
  for (const { name, isFile } of entries) {
    const problem = names.add(name, isFile);
    if (problem !== undefined) throw archive.damaged(`${JSON.stringify(name)} ${problem}`);
  }
  if (entries.some(({ name, isFile }) => isFile && name === MLMODEL_FILE)) return;
  const deeper = entries.find(({ name }) => name.endsWith(`/${MLMODEL_FILE}`));
  const place = deeper === undefined ? "" : `; there is ${JSON.stringify(deeper.name)}`;
  throw archive.damaged(`holds no ${MLMODEL_FILE} at its root${place}`);
}

async function unpackInto(
  root: string,
  archive: ArchiveReader,
  entries: readonly PlacedEntry[],
  watch: ArchiveWatch,
): Promise<void> {
  const directories = new Set(entries.map(({ name, isFile }) => (isFile ? dirname(name) : name)));
  try {
    for (const directory of directories) await mkdir(join(root, directory), { recursive: true });
    for (const entry of entries) {
      watch.check();
      if (entry.isFile) await unpackEntry(archive, entry, join(root, entry.name), watch);
    }
  } catch (error) {
    throw codedError("unpack into", root, error);
  }
}
