/** No varint is longer: 64 bits in groups of seven. */
export const LONGEST_VARINT_BYTES = 10;

const TWO_TO_32 = 2 ** 32;

/** Bytes that {@link writeVarint} takes for a length: an integer from 0 to below 2^31. */
export function lengthVarintBytes(length: number): number {
  let bytes = 1;
  for (let rest = length >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}

/**
 * Writes a protobuf int64. Negative ones are their two's complement of 64 bits, which takes all ten bytes.
 *
 * @param value - A safe integer.
 * @returns where the next byte goes
 */
export function writeVarint(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  // Bit operations know 32 bits; both halves are those of the two's complement also where the value is negative.
  let low = value >>> 0;
  let high = Math.floor(value / TWO_TO_32) >>> 0;
  while (high > 0 || low > 0x7f) {
    bytes[at++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  bytes[at++] = low;
  return at;
}
