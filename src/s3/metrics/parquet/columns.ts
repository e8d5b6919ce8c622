import type { ByteCursor } from "./byte-cursor.ts";
import { damaged } from "./damage.ts";
import { readDeltas } from "./deltas.ts";
import type { ColumnChunk } from "./footer.ts";
import { ENCODING, type Page, pagesOf } from "./pages.ts";
import { readRunLengths } from "./run-lengths.ts";

const NUMBER_BYTES = 8;

/** Texts as numbers of a table, because there are few of them and many rows. */
export interface TextColumn {
  /** `undefined` for rows without a text. */
  readonly table: readonly (string | undefined)[];
  readonly ids: Uint32Array;
}

/** The doubles or integers of a row group. @throws {TidemarkError} `DATA_DAMAGED`, also for integers beyond 2^53 */
export function readNumbers(bytes: Uint8Array, chunk: ColumnChunk, rowCount: number): Float64Array {
  const { type } = chunk.column;
  if (type !== "double" && type !== "int64") throw damaged(`has no numbers in column ${chunk.column.name}`);
  const output = new Float64Array(rowCount);
  let dictionary: Float64Array | undefined;
  let at = 0;
  for (const page of pagesOf(bytes, chunk)) {
    if (page.present !== undefined) throw damaged(`has rows without ${chunk.column.name}`);
    if (page.isDictionary) {
      dictionary = numberDictionary(page, type);
      continue;
    }
    if (page.rowCount > rowCount - at) throw damaged("has more values than rows");
    const target = output.subarray(at, at + page.rowCount);
    if (isByDictionary(page)) lookUp(page, required(dictionary), target);
    else if (page.encoding === ENCODING.plain) readPlain(page.values, type, target);
    else if (page.encoding === ENCODING.byteSplit && type === "double") joinBytes(page.values, target);
    else if (page.encoding === ENCODING.delta && type === "int64") readDeltas(page.values, target);
    else throw unknownEncoding(page);
    at += page.rowCount;
  }
  if (at !== rowCount) throw damaged("has fewer values than rows");
  return output;
}

/** The texts of a row group. @throws {TidemarkError} `DATA_DAMAGED` */
export function readTexts(bytes: Uint8Array, chunk: ColumnChunk, rowCount: number): TextColumn {
  if (chunk.column.type !== "bytes") throw damaged(`has no texts in column ${chunk.column.name}`);
  const texts = new TextTable();
  const ids = new Uint32Array(rowCount);
  let dictionary: Uint32Array | undefined;
  let at = 0;
  for (const page of pagesOf(bytes, chunk)) {
    if (page.isDictionary) {
      dictionary = texts.read(page.values, page.rowCount);
      continue;
    }
    if (page.rowCount > rowCount - at) throw damaged("has more values than rows");
    const { present } = page;
    const count = present === undefined ? page.rowCount : present.reduce((sum, level) => sum + level, 0);
    let found: Uint32Array;
    if (isByDictionary(page))
      found = lookUp({ ...page, rowCount: count }, required(dictionary), new Uint32Array(count));
    else if (page.encoding === ENCODING.plain) found = texts.read(page.values, count);
    else throw unknownEncoding(page);
    if (present === undefined) ids.set(found, at);
    else
      for (let row = 0, next = 0; row < present.length; row++)
        ids[at + row] = present[row] === 1 ? (found[next++] as number) : texts.none();
    at += page.rowCount;
  }
  if (at !== rowCount) throw damaged("has fewer values than rows");
  return { table: texts.table, ids };
}

/** Every text once. */
class TextTable {
  readonly table: (string | undefined)[] = [];
  readonly #ids = new Map<string | undefined, number>();
  readonly #decoder = new TextDecoder();

  none(): number {
    return this.#idOf(undefined);
  }

  /** Texts with their length before each, as their numbers. */
  read(values: ByteCursor, count: number): Uint32Array {
    // Each has its length before it, of four bytes.
    if (count > values.left / 4) throw damaged("is shorter than it says");
    return Uint32Array.from({ length: count }, () => this.#idOf(this.#decoder.decode(values.take(values.uint32()))));
  }

  #idOf(text: string | undefined): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.table.push(text) - 1;
      this.#ids.set(text, id);
    }
    return id;
  }
}

const isByDictionary = ({ encoding }: Page): boolean =>
  encoding === ENCODING.dictionary || encoding === ENCODING.plainDictionary;

function lookUp<T extends Float64Array | Uint32Array>(page: Page, dictionary: T, target: T): T {
  if (page.rowCount === 0) return target;
  const bitWidth = page.values.byte();
  const indexes = readRunLengths(page.values, bitWidth, page.rowCount);
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] as number;
    if (index >= dictionary.length) throw damaged("has a value that its dictionary lacks");
    target[i] = dictionary[index] as number;
  }
  return target;
}

function numberDictionary({ values, rowCount }: Page, type: "double" | "int64"): Float64Array {
  if (rowCount > values.left / NUMBER_BYTES) throw damaged("is shorter than it says");
  const numbers = new Float64Array(rowCount);
  readPlain(values, type, numbers);
  return numbers;
}

function readPlain(values: ByteCursor, type: "double" | "int64", target: Float64Array): void {
  const bytes = values.take(target.length * NUMBER_BYTES);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < target.length; i++) {
    if (type === "double") target[i] = view.getFloat64(i * NUMBER_BYTES, true);
    else {
      const value = Number(view.getBigInt64(i * NUMBER_BYTES, true));
      if (!Number.isSafeInteger(value)) throw damaged("has integers beyond 2^53");
      target[i] = value;
    }
  }
}

/** All first bytes stand before all second bytes, and so on. */
function joinBytes(values: ByteCursor, target: Float64Array): void {
  const count = target.length;
  const split = values.take(count * NUMBER_BYTES);
  const joined = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  for (let byte = 0; byte < NUMBER_BYTES; byte++) {
    for (let i = 0, from = byte * count, to = byte; i < count; i++, to += NUMBER_BYTES)
      joined[to] = split[from + i] as number;
  }
}

function required<T>(dictionary: T | undefined): T {
  if (dictionary === undefined) throw damaged("lacks a dictionary");
  return dictionary;
}

const unknownEncoding = ({ encoding }: Page) => damaged(`has values in an encoding that is not read here: ${encoding}`);
