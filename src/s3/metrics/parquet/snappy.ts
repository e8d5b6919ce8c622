import { ByteCursor } from "./byte-cursor.ts";
import { damaged } from "./damage.ts";

/** A copy of 64 bytes takes three, so nothing can get longer than this many times what it was. */
const MOST_GROWTH = 22;

/**
 * Undoes Snappy. Made for bytes that nobody has checked: it ends, and takes no more memory than `length` and what the bytes can hold.
 *
 * @param length - How long the outcome must be.
 */
export function unsnappy(bytes: Uint8Array, length: number): Uint8Array {
  const cursor = new ByteCursor(bytes);
  if (cursor.varint() !== length || length > MOST_GROWTH * bytes.length) throw damaged("has a page of another length");
  const output = new Uint8Array(length);
  let at = 0;
  while (cursor.left > 0) {
    const tag = cursor.byte();
    const kind = tag & 3;
    if (kind === 0) {
      const count = 1 + (tag >> 2 < 60 ? tag >> 2 : little(cursor, (tag >> 2) - 59));
      if (count > length - at) throw damaged("has a page of another length");
      output.set(cursor.take(count), at);
      at += count;
      continue;
    }
    const count = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2);
    const distance = kind === 1 ? ((tag >> 5) << 8) | cursor.byte() : little(cursor, kind === 2 ? 2 : 4);
    if (distance === 0 || distance > at || count > length - at)
      throw damaged("has a page that repeats what is not there");
    // What is copied may overlap what it is copied from: then it repeats.
    if (distance >= count) output.copyWithin(at, at - distance, at - distance + count);
    else for (let i = 0; i < count; i++) output[at + i] = output[at + i - distance] as number;
    at += count;
  }
  if (at !== length) throw damaged("has a page of another length");
  return output;
}

function little(cursor: ByteCursor, byteCount: number): number {
  let value = 0;
  for (let i = 0, scale = 1; i < byteCount; i++, scale *= 0x100) value += cursor.byte() * scale;
  return value;
}
