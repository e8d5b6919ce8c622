import type { Dirent } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, messageOf, TidemarkError } from "../../base/errors.ts";
import { isMissing, storageError } from "../../disk/storage-errors.ts";
import { isTemporaryName } from "../../disk/temporary-name.ts";
import { MLMODEL_FILE } from "../../mlmodel/mlmodel-file.ts";
import { EntryNames } from "./entry-names.ts";
import { CENTRAL_HEADER, END_RECORD, IN_ZIP64, IN_ZIP64_SHORT, LOCAL_HEADER } from "./zip-format.ts";

/** A file to be packed. */
export interface ModelFile {
  /** In the archive. */
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** What the last bytes of an entry are: signature, CRC-32 and two sizes. */
const DESCRIPTOR_BYTES = 16;
/** Deflating makes no bytes larger by more than this part of them. */
const LARGEST_GROWTH = 1 / 1_000;

/**
 * The files of a model's directory, in the order of the code points of their names: no system's own order.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where it is no directory of a model, or holds what an archive cannot
 */
export async function listModelFiles(directory: string): Promise<ModelFile[]> {
  const files = await filesBelow(directory, "");
  if (!files.some(({ name }) => name === MLMODEL_FILE)) throw refused(directory, `holds no ${MLMODEL_FILE}`);
  const names = new EntryNames();
  for (const { name } of files) {
    const problem = names.add(name, true);
    if (problem !== undefined) throw refused(directory, `holds ${describe(name)}, which ${problem}`);
  }
  refuseTooMuch(directory, files);
  // UTF-8 sorts as code points do; JavaScript's texts don't.
  return files
    .map((file) => ({ file, key: Buffer.from(file.name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ file }) => file);
}

async function filesBelow(directory: string, prefix: string): Promise<ModelFile[]> {
  const files: ModelFile[] = [];
  for (const entry of await readDirectory(directory)) {
    // Something of ours that a killed process has left.
    if (isTemporaryName(entry.name)) continue;
    const name = `${prefix}${entry.name}`;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) files.push(...(await filesBelow(path, `${name}/`)));
    else if (entry.isFile()) files.push({ name, path, sizeBytes: await sizeOf(path) });
    else throw refused(path, `is ${kindOf(entry)}; an archive holds files and directories only`);
  }
  return files;
}

async function readDirectory(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) throw refused(directory, `is no directory (${messageOf(error)})`, error);
    throw storageError("read", directory, error);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    throw storageError("read", path, error);
  }
}

const kindOf = (entry: Dirent): string => (entry.isSymbolicLink() ? "a link" : "a pipe, a socket or a device");

/** Known before a byte is written: the fields of an archive have 32 bits, and its counter 16. */
function refuseTooMuch(directory: string, files: readonly ModelFile[]): void {
  if (files.length >= IN_ZIP64_SHORT) {
    throw refused(directory, `holds ${files.length} files; an archive holds at most ${IN_ZIP64_SHORT - 1}`);
  }
  const headers = LOCAL_HEADER.bytes + DESCRIPTOR_BYTES + CENTRAL_HEADER.bytes;
  const content = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const names = files.reduce((sum, { name }) => sum + 2 * Buffer.byteLength(name), 0);
  const most = content * (1 + LARGEST_GROWTH) + names + files.length * headers + END_RECORD.bytes;
  if (most < IN_ZIP64) return;
  throw refused(directory, `holds ${content} bytes; an archive (zip without zip64) holds less than 4 GiB`);
}

const refused = (path: string, problem: string, cause?: unknown): TidemarkError =>
  new TidemarkError("INVALID_PARAMETER_VALUE", `directory: ${path} ${problem}`, { cause, details: { path } });
