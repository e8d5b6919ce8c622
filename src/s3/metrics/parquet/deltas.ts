import type { ByteCursor } from "./byte-cursor.ts";
import { damaged } from "./damage.ts";

/** Writers use blocks of 128 values in 4 parts; larger ones are allowed, but not any. */
const MOST_BLOCK_VALUES = 1 << 16;
/** Differences of so few bits are added without a loss in doubles. */
const EXACT_BITS = 48;
const EXACT_DELTA = 2 ** 50;
/** So few fit into an integer together with a byte that is only half used up. */
const FEW_BITS = 23;

/** Reads integers kept as differences (DELTA_BINARY_PACKED). @throws {TidemarkError} `DATA_DAMAGED`, also beyond 2^53 */
export function readDeltas(cursor: ByteCursor, output: Float64Array): void {
  const count = output.length;
  const blockValues = cursor.varint();
  const parts = cursor.varint();
  const partValues = blockValues / parts;
  if (blockValues > MOST_BLOCK_VALUES || !(partValues > 0 && partValues % 8 === 0))
    throw damaged("has blocks of differences that cannot be");
  if (cursor.varint() !== count) throw damaged("has another number of differences");
  let value = safe(cursor.zigzag());
  if (count > 0) output[0] = value;
  for (let at = 1; at < count; ) {
    const least = cursor.zigzag();
    const widths = cursor.take(parts);
    for (let part = 0; part < parts && at < count; part++) {
      const bitWidth = widths[part] as number;
      if (bitWidth > 64) throw damaged("has differences of too many bits");
      const packed = cursor.take((partValues / 8) * bitWidth);
      const wanted = output.subarray(at, Math.min(count, at + partValues));
      const isExact = bitWidth <= EXACT_BITS && typeof least === "number" && Math.abs(least) < EXACT_DELTA;
      value = isExact ? add(value, least, packed, bitWidth, wanted) : addLarge(value, least, packed, bitWidth, wanted);
      at += wanted.length;
    }
  }
}

function add(start: number, least: number, packed: Uint8Array, bitWidth: number, output: Float64Array): number {
  if (bitWidth > FEW_BITS) return addMiddling(start, least, packed, bitWidth, output);
  const mask = (1 << bitWidth) - 1;
  let value = start;
  for (let i = 0, at = 0, pending = 0, pendingBits = 0; i < output.length; i++) {
    for (; pendingBits < bitWidth; pendingBits += 8) pending |= (packed[at++] as number) << pendingBits;
    value += least + (pending & mask);
    pending >>>= bitWidth;
    pendingBits -= bitWidth;
    if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) throw beyond();
    output[i] = value;
  }
  return value;
}

function addMiddling(start: number, least: number, packed: Uint8Array, bitWidth: number, output: Float64Array): number {
  let value = start;
  for (let i = 0, bit = 0; i < output.length; i++) {
    let bits = 0;
    for (let got = 0; got < bitWidth; ) {
      const taken = Math.min(8 - (bit & 7), bitWidth - got);
      bits += (((packed[bit >> 3] as number) >> (bit & 7)) & ((1 << taken) - 1)) * 2 ** got;
      got += taken;
      bit += taken;
    }
    value += least + bits;
    if (!Number.isSafeInteger(value)) throw beyond();
    output[i] = value;
  }
  return value;
}

/** For steps that jump as far as integers go: exact, and slow. */
function addLarge(
  start: number,
  least: number | bigint,
  packed: Uint8Array,
  bitWidth: number,
  output: Float64Array,
): number {
  let value = BigInt(start);
  let bit = 0;
  for (let i = 0; i < output.length; i++) {
    let bits = 0n;
    for (let got = 0; got < bitWidth; ) {
      const inByte = bit & 7;
      const taken = Math.min(8 - inByte, bitWidth - got);
      bits |= BigInt(((packed[bit >> 3] as number) >> inByte) & ((1 << taken) - 1)) << BigInt(got);
      got += taken;
      bit += taken;
    }
    value = BigInt.asIntN(64, value + BigInt(least) + bits);
    output[i] = safe(value);
  }
  return Number(value);
}

function safe(value: number | bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw beyond();
  return number;
}

const beyond = () => damaged("has integers beyond 2^53");
