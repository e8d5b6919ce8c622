import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, realpath, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import { z } from "zod";
import { invalidArgument, TidemarkError } from "../../base/errors.ts";
import { isBelow } from "../../base/local-paths.ts";
import { refuseIfAborted } from "../../base/store-errors.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { temporaryName } from "../../disk/temporary-name.ts";
import { checkArgument } from "../../schema/check.ts";
import type { TransferWatch } from "../../tracking/artifact-transfers.ts";
import { ArchiveWatch, checkPath, codedError, PIECE_BYTES, watchFields } from "./archive-options.ts";
import { listModelFiles, type ModelFile } from "./model-files.ts";
import { readFully } from "./read-fully.ts";
import { UNIX_FILE } from "./zip-format.ts";

const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

/** 0 stores, 9 tries hardest. */
export type CompressionLevel = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** How {@link packModel} packs. */
export interface PackOptions extends TransferWatch {
  /** How hard files are deflated. Default 6. Another level gives other bytes. */
  readonly level?: CompressionLevel | undefined;
}

/** An archive that {@link packModel} has written. */
export interface PackedModel {
  /** Its absolute path. */
  readonly file: string;
  /** Of its bytes, in hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

const optionsSchema = z.strictObject({ ...watchFields, level: z.literal(LEVELS).optional() });

/** A file whose first piece loses less than this part of itself is stored: weights are, which deflate at 25 MB/s for 7 %. */
const LEAST_SAVING = 1 / 8;

const UNIX = 3;
const ATTRIBUTES = (UNIX_FILE | 0o644) << 16;

type FFlate = typeof import("fflate");

/**
 * Packs a model's directory into a zip archive. The same files give the same bytes, wherever and whenever they are packed: names
 * in the order of their code points, one time, one mode, nothing else. The archive is written beside its place and renamed.
 *
 * Empty directories are left out. Files are read piece by piece, so memory stays small whatever the model's size.
 *
 * @param directory with an MLmodel in it
 * @param archiveFile outside of it; an older one is replaced
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for a directory without MLmodel, with links, with names that some system cannot
 * have, or of 4 GiB and more; `INVALID_STATE` where a file changes meanwhile; `CANCELLED`; the disk's error
 *
 * @example
 * ```ts
 * const { sha256 } = await packModel("models/digits", "digits.zip");
 * ```
 */
export async function packModel(
  directory: string,
  archiveFile: string,
  options: PackOptions = {},
): Promise<PackedModel> {
  const { level = 6, ...watching } = checkArgument("options", optionsSchema, options);
  const source = resolve(checkPath("directory", directory));
  const file = resolve(checkPath("archiveFile", archiveFile));
  refuseIfAborted(watching.signal);
  const files = await listModelFiles(source);
  const watch = new ArchiveWatch(
    files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    watching,
  );
  await refuseInside(source, file);
  const temporary = join(dirname(file), temporaryName());
  try {
    const packed = await writeArchive(temporary, files, level, watch);
    watch.check();
    await rename(temporary, file);
    return { file, ...packed };
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw codedError("write", file, error);
  }
}

/** An archive in the directory would be packed into the next one. */
async function refuseInside(source: string, file: string): Promise<void> {
  const folder = await realpath(dirname(file)).catch((error) => {
    throw storageError("write", file, error);
  });
  const directory = await realpath(source);
  if (folder === directory || isBelow(directory, folder))
    throw invalidArgument("archiveFile", file, "a path outside of the model's directory");
}

async function writeArchive(
  path: string,
  files: readonly ModelFile[],
  level: CompressionLevel,
  watch: ArchiveWatch,
): Promise<Omit<PackedModel, "file">> {
  const fflate = await import("fflate");
  await using handle = await open(path, "wx");
  const target = new HashedFile(handle);
  const zip = new fflate.Zip((error, chunk) => {
    if (error !== null) throw error;
    target.push(chunk);
  });
  for (const file of files) {
    await addFile(fflate, zip, file, level, async (bytes) => {
      await target.drain(PIECE_BYTES);
      watch.advance(file.name, bytes);
    });
  }
  zip.end();
  return await target.finish();
}

async function addFile(
  fflate: FFlate,
  zip: Zip,
  file: ModelFile,
  level: CompressionLevel,
  advance: (bytes: number) => Promise<void>,
): Promise<void> {
  await using source = await openPlainFile(file);
  let left = file.sizeBytes;
  let coming = readAhead(source, left);
  let entry: ZipDeflate | ZipPassThrough | undefined;
  do {
    const piece = await coming;
    left -= piece.length;
    if (piece.length === 0 && left > 0) throw changed(file);
    // The disk reads the next one while this one is deflated.
    coming = readAhead(source, left);
    if (entry === undefined) {
      entry = entryFor(fflate, file.name, piece, level);
      zip.add(entry);
    }
    entry.push(piece, left === 0);
    await advance(piece.length);
  } while (left > 0);
  if ((await coming).length > 0) throw changed(file);
}

/** The next piece of a file, or of what nobody expects behind its end. */
function readAhead(source: FileHandle, left: number): Promise<Buffer> {
  const piece = readFully(source, null, left === 0 ? 1 : Math.min(PIECE_BYTES, left));
  // Nobody waits for it where something else fails first.
  piece.catch(() => {});
  return piece;
}

/** What is deflated depends on the file's bytes alone, and fflate deflates alike everywhere; zlib has several makers. */
function entryFor(
  { ZipDeflate, ZipPassThrough, deflateSync }: FFlate,
  name: string,
  start: Uint8Array,
  level: CompressionLevel,
): ZipDeflate | ZipPassThrough {
  const isWorthIt = level > 0 && deflateSync(start, { level }).length <= start.length * (1 - LEAST_SAVING);
  const entry = isWorthIt ? new ZipDeflate(name, { level }) : new ZipPassThrough(name);
  // fflate writes the local time of this moment: the parts of a date that is made of local time are the same everywhere. Noon,
  // because clocks are put forward at night.
  entry.mtime = new Date(1980, 0, 1, 12);
  entry.os = UNIX;
  entry.attrs = ATTRIBUTES;
  return entry;
}

/** Not through a link that has taken the file's place, and without waiting for a pipe. */
async function openPlainFile(file: ModelFile): Promise<FileHandle> {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(file.path, flags).catch((error) => {
    throw storageError("read", file.path, error);
  });
  const facts = await handle.stat();
  if (facts.isFile() && facts.size === file.sizeBytes) return handle;
  await handle.close();
  throw changed(file);
}

const changed = ({ path }: ModelFile): TidemarkError =>
  new TidemarkError("INVALID_STATE", `${path} was changed while it was packed`, { details: { path } });

/** A file that is written from start to end, and hashed on the way. */
class HashedFile {
  readonly #file: FileHandle;
  readonly #hash = createHash("sha256");
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #sizeBytes = 0;
  #written: Promise<void> = Promise.resolve();

  constructor(file: FileHandle) {
    this.#file = file;
  }

  push(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
  }

  /** Begins to write what waits, if that is at least so much, once what was begun before is written. */
  async drain(leastBytes = 0): Promise<void> {
    if (this.#waitingBytes < leastBytes) return;
    await this.#written;
    const [first = new Uint8Array(), ...others] = this.#waiting;
    const bytes = others.length === 0 ? first : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#sizeBytes += bytes.length;
    this.#hash.update(bytes);
    this.#written = this.#file.writeFile(bytes);
    // The next call tells of it; nobody does where something else fails first.
    this.#written.catch(() => {});
  }

  async finish(): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
    await this.drain();
    await this.#written;
    return { sha256: this.#hash.digest("hex"), sizeBytes: this.#sizeBytes };
  }
}
