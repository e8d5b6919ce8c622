import { ByteCursor } from "./byte-cursor.ts";
import { damaged } from "./damage.ts";
import type { ColumnChunk } from "./footer.ts";
import { readRunLengths } from "./run-lengths.ts";
import { unsnappy } from "./snappy.ts";
import { countField, readThrift, structField, type ThriftStruct } from "./thrift.ts";

const PAGE = { data: 0, index: 1, dictionary: 2, data2: 3 };
/** Writers make pages of a megabyte. */
const MOST_PAGE_BYTES = 256 << 20;

/** Encodings that are read, by their number. */
export const ENCODING = { plain: 0, plainDictionary: 2, runLength: 3, delta: 5, dictionary: 8, byteSplit: 9 };

/** Some values of a column, still encoded. */
export interface Page {
  readonly isDictionary: boolean;
  readonly encoding: number;
  /** Rows: more than there are values where some have none. */
  readonly rowCount: number;
  /** Of every row, whether it has a value; `undefined` where all have one. */
  readonly present: Uint32Array | undefined;
  readonly values: ByteCursor;
}

/** The pages of a column, one after the other. @throws {TidemarkError} `DATA_DAMAGED` */
export function* pagesOf(bytes: Uint8Array, chunk: ColumnChunk): Generator<Page> {
  const cursor = new ByteCursor(bytes);
  while (cursor.left > 0) {
    const head = readThrift(cursor);
    const plainBytes = countField(head, 2, "page length");
    if (plainBytes > MOST_PAGE_BYTES) throw damaged("has a page that is too long");
    const body = cursor.take(countField(head, 3, "page length"));
    const type = countField(head, 1, "type of a page");
    if (type === PAGE.index) continue;
    if (type === PAGE.data2) yield secondPage(required(structField(head, 8)), body, plainBytes, chunk);
    else if (type === PAGE.data) yield firstPage(required(structField(head, 5)), body, plainBytes, chunk);
    else if (type === PAGE.dictionary) yield dictionaryPage(required(structField(head, 7)), body, plainBytes, chunk);
    else throw damaged(`has a page of type ${type}`);
  }
}

function dictionaryPage(head: ThriftStruct, body: Uint8Array, plainBytes: number, chunk: ColumnChunk): Page {
  const values = new ByteCursor(unpacked(body, plainBytes, chunk));
  const rowCount = countField(head, 1, "number of values");
  return { isDictionary: true, encoding: ENCODING.plain, rowCount, present: undefined, values };
}

function firstPage(head: ThriftStruct, body: Uint8Array, plainBytes: number, chunk: ColumnChunk): Page {
  const values = new ByteCursor(unpacked(body, plainBytes, chunk));
  const rowCount = countField(head, 1, "number of values");
  let present: Uint32Array | undefined;
  if (chunk.column.isOptional) present = levels(values.take(values.uint32()), rowCount);
  return { isDictionary: false, encoding: countField(head, 2, "encoding"), rowCount, present, values };
}

/** Its levels stand before the values and are never compressed. */
function secondPage(head: ThriftStruct, body: Uint8Array, plainBytes: number, chunk: ColumnChunk): Page {
  const cursor = new ByteCursor(body);
  const rowCount = countField(head, 1, "number of values");
  const levelBytes = countField(head, 5, "length of levels");
  if (countField(head, 6, "length of levels") !== 0) throw damaged("has lists in a column");
  const level = cursor.take(levelBytes);
  const present = chunk.column.isOptional ? levels(level, rowCount) : undefined;
  const rest = cursor.take(cursor.left);
  const values = head.get(7) === false ? rest : unpacked(rest, plainBytes - levelBytes, chunk);
  const encoding = countField(head, 4, "encoding");
  return { isDictionary: false, encoding, rowCount, present, values: new ByteCursor(values) };
}

function levels(bytes: Uint8Array, rowCount: number): Uint32Array | undefined {
  const present = readRunLengths(new ByteCursor(bytes), 1, rowCount);
  return present.every((level) => level === 1) ? undefined : present;
}

function unpacked(bytes: Uint8Array, plainBytes: number, { codec }: ColumnChunk): Uint8Array {
  if (codec === undefined) throw damaged("is compressed with something else than Snappy");
  if (codec === "none" && bytes.length !== plainBytes) throw damaged("has a page of another length");
  // A page without values may have no bytes at all.
  return codec === "none" || plainBytes === 0 ? bytes : unsnappy(bytes, plainBytes);
}

function required(head: ThriftStruct | undefined): ThriftStruct {
  if (head === undefined) throw damaged("has a page without a head");
  return head;
}
