import type { ByteCursor } from "./byte-cursor.ts";
import { damaged } from "./damage.ts";

const MOST_BITS = 32;

/** Reads numbers of few bits, as runs of one and as groups of eight, until there are `count`. */
export function readRunLengths(cursor: ByteCursor, bitWidth: number, count: number): Uint32Array {
  if (bitWidth > MOST_BITS) throw damaged("has numbers of too many bits");
  const output = new Uint32Array(count);
  let at = 0;
  while (at < count) {
    const head = cursor.varint();
    const isPacked = head % 2 === 1;
    const inRun = Math.floor(head / 2) * (isPacked ? 8 : 1);
    if (inRun === 0) throw damaged("has an empty run");
    const wanted = Math.min(inRun, count - at);
    if (isPacked) unpack(cursor.take((inRun / 8) * bitWidth), bitWidth, output.subarray(at, at + wanted));
    else output.fill(repeated(cursor, bitWidth), at, at + wanted);
    at += wanted;
  }
  return output;
}

function repeated(cursor: ByteCursor, bitWidth: number): number {
  let value = 0;
  for (let shift = 0; shift < bitWidth; shift += 8) value += cursor.byte() * 2 ** shift;
  return value;
}

function unpack(packed: Uint8Array, bitWidth: number, output: Uint32Array): void {
  for (let i = 0, bit = 0; i < output.length; i++) {
    let value = 0;
    for (let got = 0; got < bitWidth; ) {
      const inByte = bit & 7;
      const taken = Math.min(8 - inByte, bitWidth - got);
      const bits = ((packed[bit >> 3] as number) >> inByte) & ((1 << taken) - 1);
      value += bits * 2 ** got;
      got += taken;
      bit += taken;
    }
    output[i] = value;
  }
}
