import { damaged } from "./damage.ts";

/** What a varint of 64 bits takes at most. */
const MOST_VARINT_BYTES = 10;
/** Numbers of seven bytes of a varint are exact in a double. */
const EXACT_VARINT_BYTES = 7;

/** Reads bytes one after the other, and never behind their end. */
export class ByteCursor {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Steps over bytes and answers where they begin. */
  skip(count: number): number {
    if (!(count >= 0 && count <= this.left)) throw damaged("is shorter than it says");
    this.at += count;
    return this.at - count;
  }

  byte(): number {
    return this.bytes[this.skip(1)] as number;
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4), true);
  }

  /** A view of the bytes, not a copy. */
  take(count: number): Uint8Array {
    const from = this.skip(count);
    return this.bytes.subarray(from, from + count);
  }

  /** An unsigned number of at most 53 bits. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 1; ; count++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) throw damaged("has a number that is too large");
        return value;
      }
      if (count === MOST_VARINT_BYTES) throw damaged("has a number without an end");
      scale *= 0x80;
    }
  }

  /** A signed number: exact as a double where it is short, else a bigint of 64 bits. */
  zigzag(): number | bigint {
    const from = this.at;
    while (this.byte() >= 0x80) {
      if (this.at - from === MOST_VARINT_BYTES) throw damaged("has a number without an end");
    }
    if (this.at - from <= EXACT_VARINT_BYTES) {
      this.at = from;
      const value = this.varint();
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    }
    let value = 0n;
    for (let at = this.at - 1; at >= from; at--) value = (value << 7n) | BigInt((this.bytes[at] as number) & 0x7f);
    return BigInt.asIntN(64, value & 1n ? -((value + 1n) >> 1n) : value >> 1n);
  }
}
