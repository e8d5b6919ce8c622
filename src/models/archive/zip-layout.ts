import type { ArchiveReader } from "./archive-reader.ts";
import { wideFields, type ZipEntry } from "./zip-entry.ts";
import { COMPRESSOR_HINTS, DESCRIPTOR_SIGNATURE, HAS_DESCRIPTOR, LOCAL_HEADER } from "./zip-format.ts";

/** An entry whose packed bytes were found. */
export interface PlacedEntry extends ZipEntry {
  readonly dataPosition: number;
}

/**
 * Finds the bytes of every entry: local headers, data and descriptors must cover the archive from its first byte to the list of
 * entries at `endPosition`, without a gap and without any byte that two of them share, and say what that list says.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export async function placeEntries(
  archive: ArchiveReader,
  entries: readonly ZipEntry[],
  endPosition: number,
  check: () => void,
): Promise<PlacedEntry[]> {
  const inOrder = [...entries].sort((a, b) => a.position - b.position);
  const placed: PlacedEntry[] = [];
  if ((inOrder[0]?.position ?? endPosition) !== 0) throw archive.damaged("has something before its first entry");
  for (const [index, entry] of inOrder.entries()) {
    check();
    placed.push(await placeEntry(archive, entry, inOrder[index + 1]?.position ?? endPosition));
  }
  return placed;
}

async function placeEntry(archive: ArchiveReader, entry: ZipEntry, next: number): Promise<PlacedEntry> {
  const refuse = (problem: string) => archive.damaged(`${JSON.stringify(entry.name)} ${problem}`);
  const headerEnd = entry.position + LOCAL_HEADER.bytes + entry.nameBytes.length;
  if (headerEnd > next) throw refuse("overlaps with another entry");
  const header = await archive.read(entry.position, headerEnd - entry.position);
  if (header.readUInt32LE(0) !== LOCAL_HEADER.signature) throw refuse("is not where the list of entries says");
  const dataPosition = headerEnd + header.readUInt16LE(28);
  const restBytes = next - dataPosition - entry.packedBytes;
  if (restBytes < 0) throw refuse("overlaps with another entry");
  const extra = await archive.read(headerEnd, dataPosition - headerEnd);
  if (!saysTheSame(header, extra, entry)) throw refuse("has a header that contradicts the list of entries");
  const rest = restBytes > MOST_DESCRIPTOR_BYTES ? undefined : await archive.read(next - restBytes, restBytes);
  if (rest === undefined || !isDescriptor(rest, entry)) throw refuse("has bytes behind it that belong to no entry");
  return { ...entry, dataPosition };
}

function saysTheSame(header: Buffer, extra: Buffer, entry: ZipEntry): boolean {
  const hasDescriptor = (entry.flags & HAS_DESCRIPTOR) !== 0;
  const sizes = wideFields(extra, [header.readUInt32LE(22), header.readUInt32LE(18)]);
  // Before its data was packed the writer did not know them.
  const isThatOf = (value: number | undefined, known: number) => value === known || (hasDescriptor && value === 0);
  return (
    ((header.readUInt16LE(6) ^ entry.flags) & ~COMPRESSOR_HINTS) === 0 &&
    header.readUInt16LE(8) === entry.method &&
    isThatOf(header.readUInt32LE(14), entry.crc32) &&
    isThatOf(sizes?.[0], entry.sizeBytes) &&
    isThatOf(sizes?.[1], entry.packedBytes) &&
    header.readUInt16LE(26) === entry.nameBytes.length &&
    header.subarray(LOCAL_HEADER.bytes).equals(entry.nameBytes)
  );
}

const MOST_DESCRIPTOR_BYTES = 24;

/** With or without a signature, its two sizes in 32 or in 64 bits. */
function isDescriptor(rest: Buffer, { flags, crc32, packedBytes, sizeBytes }: ZipEntry): boolean {
  if ((flags & HAS_DESCRIPTOR) === 0) return rest.length === 0;
  const signatureBytes = rest.length % 8 === 0 ? 4 : 0;
  const sizeFieldBytes = (rest.length - signatureBytes - 4) / 2;
  if (sizeFieldBytes !== 4 && sizeFieldBytes !== 8) return false;
  if (signatureBytes > 0 && rest.readUInt32LE(0) !== DESCRIPTOR_SIGNATURE) return false;
  const size = (at: number) => (sizeFieldBytes === 4 ? rest.readUInt32LE(at) : Number(rest.readBigUInt64LE(at)));
  const at = signatureBytes + 4;
  return (
    rest.readUInt32LE(signatureBytes) === crc32 && size(at) === packedBytes && size(at + sizeFieldBytes) === sizeBytes
  );
}
