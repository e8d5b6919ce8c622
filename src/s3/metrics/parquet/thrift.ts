import type { ByteCursor } from "./byte-cursor.ts";
import { damaged } from "./damage.ts";

/** Fields by their number. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;
export type ThriftValue = boolean | number | bigint | Uint8Array | readonly ThriftValue[] | ThriftStruct;

/** Structs of Parquet lie less deep in each other. */
const MOST_DEPTH = 16;
/** Values of one footer: enough for thousands of row groups, and some dozens of megabytes of memory. */
const MOST_VALUES = 1 << 20;

const TYPE = { true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, set: 10, struct: 12 };

/**
 * Reads one struct in Thrift's compact protocol, in which Parquet keeps what it says about itself.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`, also for what is deeper or larger than Parquet needs it
 */
export function readThrift(cursor: ByteCursor): ThriftStruct {
  let valuesLeft = MOST_VALUES;
  return struct(0);

  function struct(depth: number): ThriftStruct {
    if (depth > MOST_DEPTH) throw damaged("has structs in structs without an end");
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const head = cursor.byte();
      if (head === 0) return fields;
      const step = head >> 4;
      id = step === 0 ? Number(cursor.zigzag()) : id + step;
      const type = head & 0x0f;
      // A field's own type says which of the two it is.
      fields.set(id, type <= TYPE.false ? type === TYPE.true : value(type, depth));
    }
  }

  function value(type: number, depth: number): ThriftValue {
    if (--valuesLeft < 0) throw damaged("says more about itself than it may");
    switch (type) {
      case TYPE.true:
      case TYPE.false:
        return cursor.byte() === TYPE.true;
      case TYPE.byte:
        return cursor.byte();
      case TYPE.i16:
      case TYPE.i32:
      case TYPE.i64:
        return cursor.zigzag();
      case TYPE.double:
      case TYPE.binary:
        return cursor.take(type === TYPE.double ? 8 : cursor.varint());
      case TYPE.list:
      case TYPE.set:
        return list(depth);
      case TYPE.struct:
        return struct(depth + 1);
      default:
        throw damaged(`has a Thrift type ${type}`);
    }
  }

  function list(depth: number): ThriftValue[] {
    if (depth > MOST_DEPTH) throw damaged("has lists in lists without an end");
    const head = cursor.byte();
    const count = head >> 4 === 15 ? cursor.varint() : head >> 4;
    // Every element takes a byte at least, so a list cannot be longer than what is left.
    if (count > cursor.left) throw damaged("is shorter than it says");
    const items: ThriftValue[] = [];
    for (let i = 0; i < count; i++) items.push(value(head & 0x0f, depth + 1));
    return items;
  }
}

/** A field that must be a number from 0 on. */
export function countField(fields: ThriftStruct, id: number, name: string): number {
  const value = optionalCount(fields, id, name);
  if (value === undefined) throw damaged(`has no ${name}`);
  return value;
}

export function optionalCount(fields: ThriftStruct, id: number, name: string): number | undefined {
  const value = fields.get(id);
  if (value === undefined) return undefined;
  if (typeof value === "number" && value >= 0) return value;
  throw damaged(`has ${name} that is no number from 0 on`);
}

export function structField(fields: ThriftStruct, id: number): ThriftStruct | undefined {
  const value = fields.get(id);
  return value instanceof Map ? value : undefined;
}

/** A list of structs; empty where there is none. */
export function structsField(fields: ThriftStruct, id: number): readonly ThriftStruct[] {
  const value = fields.get(id);
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((item) => item instanceof Map)) return value as readonly ThriftStruct[];
  throw damaged("has a list of something else than it should be");
}

export function bytesField(fields: ThriftStruct, id: number): Uint8Array | undefined {
  const value = fields.get(id);
  return value instanceof Uint8Array ? value : undefined;
}

const decoder = new TextDecoder();

export function textField(fields: ThriftStruct, id: number): string | undefined {
  const bytes = bytesField(fields, id);
  return bytes === undefined ? undefined : decoder.decode(bytes);
}
