import type { ArchiveReader } from "./archive-reader.ts";
import type { DirectoryPlace } from "./zip-directory.ts";
import {
  CENTRAL_HEADER,
  COMPRESSOR_HINTS,
  DEFLATED,
  HAS_DESCRIPTOR,
  IN_ZIP64,
  IS_UTF8,
  STORED,
  UNIX_DIRECTORY,
  UNIX_FILE,
  UNIX_KIND,
  ZIP64_EXTRA_ID,
} from "./zip-format.ts";

/** What an empty text deflates to. */
const MOST_BYTES_OF_NOTHING = 2;

/** A file or directory of an archive, as the list of all of them has it. */
export interface ZipEntry {
  /** A directory's without its last slash. */
  readonly name: string;
  readonly nameBytes: Buffer;
  readonly isFile: boolean;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly sizeBytes: number;
  /** Of its local header. */
  readonly position: number;
}

/**
 * Reads the list of all entries. Each of them is something that can be unpacked; whether they fit together is not asked here.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export async function readEntries(archive: ArchiveReader, place: DirectoryPlace): Promise<ZipEntry[]> {
  const bytes = await archive.read(place.position, place.sizeBytes);
  const entries: ZipEntry[] = [];
  let at = 0;
  while (entries.length < place.entries) {
    const rest = bytes.subarray(at);
    if (rest.length < CENTRAL_HEADER.bytes || rest.readUInt32LE(0) !== CENTRAL_HEADER.signature) {
      throw archive.damaged(`has no entry ${entries.length + 1} of ${place.entries}`);
    }
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => rest.readUInt16LE(field)) as [
      number,
      number,
      number,
    ];
    const length = CENTRAL_HEADER.bytes + nameBytes + extraBytes + commentBytes;
    if (rest.length < length) throw archive.damaged(`has an entry ${entries.length + 1} that is cut off`);
    const extra = rest.subarray(CENTRAL_HEADER.bytes + nameBytes, CENTRAL_HEADER.bytes + nameBytes + extraBytes);
    entries.push(readEntry(archive, rest.subarray(0, CENTRAL_HEADER.bytes + nameBytes), extra));
    at += length;
  }
  if (at !== bytes.length) throw archive.damaged("lists more entries than it counts");
  return entries;
}

function readEntry(archive: ArchiveReader, header: Buffer, extra: Buffer): ZipEntry {
  const nameBytes = header.subarray(CENTRAL_HEADER.bytes);
  const flags = header.readUInt16LE(8);
  const fullName = decodeName(nameBytes, (flags & IS_UTF8) !== 0);
  if (fullName === undefined) throw archive.damaged(`has a name that is not marked as UTF-8, or is none`);
  const refuse = (problem: string) => archive.damaged(`${JSON.stringify(fullName)} ${problem}`);
  const isFile = !fullName.endsWith("/");
  const wide = wideFields(extra, [header.readUInt32LE(24), header.readUInt32LE(20), header.readUInt32LE(42)]);
  if (wide === undefined || header.readUInt16LE(34) !== 0) throw refuse("lies in a part of an archive that was split");
  const [sizeBytes, packedBytes, position] = wide;
  const method = header.readUInt16LE(10);
  if ((flags & 1) !== 0) throw refuse("is encrypted");
  if ((flags & ~(HAS_DESCRIPTOR | IS_UTF8 | COMPRESSOR_HINTS)) !== 0) throw refuse(`has unknown flags ${flags}`);
  if (method !== STORED && method !== DEFLATED) throw refuse(`is packed by method ${method}; only 0 and 8 are known`);
  // Systems of other kinds leave this half 0; what looks like a link in it is none that we want to know more of.
  const kind = (header.readUInt32LE(38) >>> 16) & UNIX_KIND;
  if (kind !== 0 && kind !== (isFile ? UNIX_FILE : UNIX_DIRECTORY))
    throw refuse("is a link, a device, or not what its name says");
  if (method === STORED && packedBytes !== sizeBytes) throw refuse("is stored in another length than its own");
  if (!isFile && (sizeBytes !== 0 || packedBytes > MOST_BYTES_OF_NOTHING)) throw refuse("is a directory with content");
  return {
    name: isFile ? fullName : fullName.slice(0, -1),
    nameBytes,
    isFile,
    flags,
    method,
    crc32: header.readUInt32LE(16),
    packedBytes,
    sizeBytes,
    position,
  };
}

function decodeName(bytes: Buffer, isUtf8: boolean): string | undefined {
  // What other bytes mean depends on the machine that wrote them.
  if (!isUtf8 && bytes.some((byte) => byte > 0x7e)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Replaces the fields that are kept in 64 bits by what the extra field of zip64 has for them, in the order in which it has them.
 * `undefined` where it lacks one.
 */
export function wideFields<const T extends readonly number[]>(
  extra: Buffer,
  fields: T,
): { [K in keyof T]: number } | undefined {
  const wide = extraField(extra, ZIP64_EXTRA_ID);
  let at = 0;
  const values: number[] = [];
  for (const field of fields) {
    if (field !== IN_ZIP64) values.push(field);
    else if (wide === undefined || wide.length < at + 8) return undefined;
    else {
      values.push(Number(wide.readBigUInt64LE(at)));
      at += 8;
    }
  }
  return values as { [K in keyof T]: number };
}

function extraField(extra: Buffer, id: number): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; ) {
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === id) return end <= extra.length ? extra.subarray(at + 4, end) : undefined;
    at = end;
  }
  return undefined;
}
