import type { ArchiveReader } from "./archive-reader.ts";
import {
  CENTRAL_HEADER,
  END_RECORD,
  IN_ZIP64,
  IN_ZIP64_SHORT,
  MOST_COMMENT_BYTES,
  ZIP64_END_RECORD,
  ZIP64_LOCATOR,
} from "./zip-format.ts";

/** Where the list of all entries is. */
export interface DirectoryPlace {
  readonly entries: number;
  readonly position: number;
  readonly sizeBytes: number;
}

/** As an end record has it, of either kind. */
interface End extends DirectoryPlace {
  readonly disks: readonly number[];
  readonly entriesOnDisk: number;
}

/**
 * Finds the list of all entries from the archive's end. Nothing may lie between it and the records that point to it, or after them.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export async function findDirectory(archive: ArchiveReader): Promise<DirectoryPlace> {
  const tailBytes = Math.min(archive.sizeBytes, END_RECORD.bytes + MOST_COMMENT_BYTES);
  const tailPosition = archive.sizeBytes - tailBytes;
  const tail = await archive.read(tailPosition, tailBytes);
  const at = endRecordIn(tail);
  if (at === undefined) throw archive.damaged("is no zip archive, was cut off, or has something behind it");
  const short = readEnd(tail.subarray(at));
  const position = tailPosition + at;
  const { end, recordPosition } = (await readZip64(archive, position, short)) ?? {
    end: short,
    recordPosition: position,
  };
  if (end.disks.some((disk) => disk !== 0) || end.entriesOnDisk !== end.entries) {
    throw archive.damaged("is a part of an archive that was split");
  }
  if (end.position + end.sizeBytes !== recordPosition) {
    throw archive.damaged("holds bytes that belong to no file, or lacks some");
  }
  if (end.sizeBytes < end.entries * CENTRAL_HEADER.bytes)
    throw archive.damaged("has a list of its files that is too short");
  return end;
}

/** The last one whose comment is the rest of the archive. */
function endRecordIn(tail: Buffer): number | undefined {
  for (let at = tail.length - END_RECORD.bytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END_RECORD.signature) continue;
    if (at + END_RECORD.bytes + tail.readUInt16LE(at + 20) === tail.length) return at;
  }
  return undefined;
}

const readEnd = (record: Buffer): End => ({
  disks: [record.readUInt16LE(4), record.readUInt16LE(6)],
  entriesOnDisk: record.readUInt16LE(8),
  entries: record.readUInt16LE(10),
  sizeBytes: record.readUInt32LE(12),
  position: record.readUInt32LE(16),
});

/** The same in 64 bits, where the archive has it, and where that begins. */
async function readZip64(
  archive: ArchiveReader,
  endPosition: number,
  short: End,
): Promise<{ readonly end: End; readonly recordPosition: number } | undefined> {
  const recordPosition = endPosition - ZIP64_LOCATOR.bytes - ZIP64_END_RECORD.bytes;
  if (recordPosition < 0) return undefined;
  const bytes = await archive.read(recordPosition, ZIP64_END_RECORD.bytes + ZIP64_LOCATOR.bytes);
  const locator = bytes.subarray(ZIP64_END_RECORD.bytes);
  if (locator.readUInt32LE(0) !== ZIP64_LOCATOR.signature) return undefined;
  if (bytes.readUInt32LE(0) !== ZIP64_END_RECORD.signature || safe(locator, 8) !== recordPosition) {
    throw archive.damaged("has an end in zip64 that is not where it belongs");
  }
  const end: End = {
    disks: [...short.disks.filter((disk) => disk !== IN_ZIP64_SHORT), ...[16, 20].map((at) => bytes.readUInt32LE(at))],
    entriesOnDisk: safe(bytes, 24),
    entries: safe(bytes, 32),
    sizeBytes: safe(bytes, 40),
    position: safe(bytes, 48),
  };
  const agree =
    [IN_ZIP64_SHORT, end.entries].includes(short.entries) &&
    [IN_ZIP64, end.sizeBytes].includes(short.sizeBytes) &&
    [IN_ZIP64, end.position].includes(short.position);
  if (!agree) throw archive.damaged("has two ends that contradict each other");
  return { end, recordPosition };
}

/** 64 bits as a number. What no file has bytes for becomes inexact, and fits nothing then. */
const safe = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));
