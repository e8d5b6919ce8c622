import { maskedCrc32c } from "./crc32c.ts";

const LENGTH_BYTES = 8;
const CRC_BYTES = 4;

/** Before the data of a record: its length as uint64, and the masked CRC-32C of these eight bytes; little-endian. */
export const RECORD_HEADER_BYTES = LENGTH_BYTES + CRC_BYTES;
/** Behind the data: its masked CRC-32C. */
export const RECORD_FOOTER_BYTES = CRC_BYTES;

/**
 * Makes a TFRecord of data that stands in the buffer already, with room for the header before it and for the footer behind.
 *
 * @param start - Where the record begins; the data begins `RECORD_HEADER_BYTES` later.
 * @param dataEnd - Where the data ends.
 * @returns where the record ends
 */
export function frameRecord(buffer: Buffer, start: number, dataEnd: number): number {
  const dataStart = start + RECORD_HEADER_BYTES;
  buffer.writeUInt32LE(dataEnd - dataStart, start);
  // The upper half of the length: no event comes near 4 GiB.
  buffer.writeUInt32LE(0, start + 4);
  buffer.writeUInt32LE(maskedCrc32c(buffer, start, start + LENGTH_BYTES), start + LENGTH_BYTES);
  return buffer.writeUInt32LE(maskedCrc32c(buffer, dataStart, dataEnd), dataEnd);
}
