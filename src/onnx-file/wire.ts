import type { ByteSource } from "./byte-source.ts";

/** Protobuf's ways to write a field. */
export const VARINT = 0;
const FIXED64 = 1;
export const DELIMITED = 2;
const FIXED32 = 5;

/** A text is believed up to here. */
const LONGEST_TEXT_BYTES = 1_024;
/** A varint has ten bytes, and so has the tag before it. */
const FIELD_HEAD_BYTES = 20;

/** A field of a message. */
export interface Field {
  readonly field: number;
  readonly wire: number;
  /** Of a varint; NaN where it is no safe integer. */
  readonly value: number;
  /** Where the content of a delimited field is. */
  readonly position: number;
  readonly length: number;
}

/**
 * Calls `visit` with every field between two positions until it answers false. Answers false where the bytes are not protobuf, or have more
 * fields than anybody needs.
 */
export function eachField(
  source: ByteSource,
  start: number,
  end: number,
  mostFields: number,
  visit: (field: Field) => boolean,
): boolean {
  let position = start;
  for (let count = 0; position < end; count++) {
    if (count === mostFields) return false;
    const head = source.read(position, Math.min(FIELD_HEAD_BYTES, end - position));
    const tag = varintAt(head, 0);
    if (tag === undefined || !(tag.value >= 8 && tag.value < 2 ** 32)) return false;
    const field = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    position += tag.next;
    if (wire === VARINT || wire === DELIMITED) {
      const number = varintAt(head, tag.next);
      if (number === undefined) return false;
      position += number.next - tag.next;
      const length = wire === DELIMITED ? number.value : 0;
      if (!(length <= end - position)) return false;
      if (!visit({ field, wire, value: number.value, position, length })) return true;
      position += length;
    } else if (wire === FIXED64) position += 8;
    else if (wire === FIXED32) position += 4;
    else return false;
    if (position > end) return false;
  }
  return true;
}

/** Visits every field of a message; false where it is none. */
export function within(
  source: ByteSource,
  { position, length }: Field,
  mostFields: number,
  visit: (field: Field) => void,
): boolean {
  return eachField(source, position, position + length, mostFields, (field) => {
    visit(field);
    return true;
  });
}

/** The text in a delimited field. */
export function textAt(source: ByteSource, position: number, length: number): string {
  return new TextDecoder().decode(source.read(position, Math.min(length, LONGEST_TEXT_BYTES)));
}

/** The number at an index, NaN where it is no safe integer, and the index after it; `undefined` where there is no whole number. */
function varintAt(bytes: Uint8Array, start: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let index = start; index < start + 10; index++) {
    const byte = bytes[index];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 2 ** (7 * (index - start));
    if (byte < 128) return { value: Number.isSafeInteger(value) ? value : Number.NaN, next: index + 1 };
  }
  return undefined;
}
