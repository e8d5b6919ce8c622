import { ByteCursor } from "./byte-cursor.ts";
import { damaged } from "./damage.ts";
import {
  bytesField,
  countField,
  optionalCount,
  readThrift,
  structField,
  structsField,
  type ThriftStruct,
  textField,
} from "./thrift.ts";

/** The Parquet types that metrics are kept in, by their number. */
const TYPES = new Map([
  [2, "int64"],
  [5, "double"],
  [6, "bytes"],
] as const);
const CODECS = new Map([
  [0, "none"],
  [1, "snappy"],
] as const);
const OPTIONAL = 1;
const REPEATED = 2;

/** Behind the footer: its length and `PAR1`. */
export const TAIL_BYTES = 8;
const MAGIC = 0x31524150;
/** More says more of itself than of metrics. */
export const MOST_FOOTER_BYTES = 16 << 20;
/**
 * Rows take two bits at least, unless they all say the same. A file cannot make its reader take more memory than a multiple of its size.
 */
const MOST_ROWS_A_BYTE = 16;
const ROWS_OF_ANY_FILE = 1 << 16;

export interface ParquetColumn {
  readonly name: string;
  readonly type: "int64" | "double" | "bytes" | undefined;
  readonly isOptional: boolean;
}

/** The values of one column in one row group. */
export interface ColumnChunk {
  readonly column: ParquetColumn;
  readonly codec: "none" | "snappy" | undefined;
  /** Where its bytes are in the file; `to` is behind the last one. */
  readonly from: number;
  readonly to: number;
  /** Smallest and largest value, where the file tells them and tells them whole. */
  readonly least: Uint8Array | undefined;
  readonly greatest: Uint8Array | undefined;
}

export interface RowGroup {
  readonly rowCount: number;
  readonly chunks: ReadonlyMap<string, ColumnChunk>;
}

/** What a Parquet file says about itself. */
export interface Footer {
  readonly rowCount: number;
  readonly groups: readonly RowGroup[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** How long the footer is, by the last bytes of a file. @throws {TidemarkError} `DATA_DAMAGED` */
export function footerBytes(tail: Uint8Array, fileBytes: number): number {
  if (tail.length < TAIL_BYTES) throw damaged("is no Parquet file");
  const cursor = new ByteCursor(tail, tail.length - TAIL_BYTES);
  const length = cursor.uint32();
  if (cursor.uint32() !== MAGIC) throw damaged("is no Parquet file");
  if (length > Math.min(fileBytes - TAIL_BYTES, MOST_FOOTER_BYTES)) throw damaged("has a footer that is too long");
  return length;
}

/**
 * @param bytes - The footer alone.
 * @throws {TidemarkError} `DATA_DAMAGED` for what is no footer, and for one that points outside of its file or promises too many rows
 */
export function readFooter(bytes: Uint8Array, fileBytes: number): Footer {
  const fields = readThrift(new ByteCursor(bytes));
  const columns = columnsOf(structsField(fields, 2));
  const groups = structsField(fields, 4).map((group) => groupOf(group, columns, fileBytes));
  const rowCount = groups.reduce((sum, group) => sum + group.rowCount, 0);
  if (rowCount > ROWS_OF_ANY_FILE + MOST_ROWS_A_BYTE * fileBytes) throw damaged("has more rows than it can hold");
  const metadata = new Map(structsField(fields, 5).map((pair) => [textField(pair, 1) ?? "", textField(pair, 2) ?? ""]));
  return { rowCount, groups, metadata };
}

function columnsOf(schema: readonly ThriftStruct[]): ParquetColumn[] {
  const [root, ...leaves] = schema;
  if (root === undefined || countField(root, 5, "number of columns") !== leaves.length)
    throw damaged("has columns in columns");
  return leaves.map((element) => {
    const repetition = optionalCount(element, 3, "a repetition");
    if (repetition === REPEATED || element.has(5)) throw damaged("has columns in columns");
    const type = TYPES.get(optionalCount(element, 1, "a type") as 2);
    return { name: textField(element, 4) ?? "", type, isOptional: repetition === OPTIONAL };
  });
}

function groupOf(group: ThriftStruct, columns: readonly ParquetColumn[], fileBytes: number): RowGroup {
  const rowCount = countField(group, 3, "number of rows");
  const chunks = structsField(group, 1);
  if (chunks.length !== columns.length) throw damaged("lacks columns");
  const named = chunks.map((chunk, at) => chunkOf(chunk, columns[at] as ParquetColumn, rowCount, fileBytes));
  return { rowCount, chunks: new Map(named.map((chunk) => [chunk.column.name, chunk])) };
}

function chunkOf(chunk: ThriftStruct, column: ParquetColumn, rowCount: number, fileBytes: number): ColumnChunk {
  const about = structField(chunk, 3);
  if (about === undefined || chunk.has(1)) throw damaged("has columns in other files");
  if (countField(about, 5, "number of values") !== rowCount) throw damaged("has columns of different lengths");
  const data = countField(about, 9, "place of values");
  const from = Math.min(data, optionalCount(about, 11, "a place of a dictionary") ?? data);
  const to = from + countField(about, 7, "length of values");
  if (to > fileBytes) throw damaged("points behind its end");
  const statistics = structField(about, 12);
  const bound = (id: number, isExactId: number) =>
    statistics === undefined || statistics.get(isExactId) === false ? undefined : bytesField(statistics, id);
  return {
    column,
    codec: CODECS.get(countField(about, 4, "compression") as 0),
    from,
    to,
    least: bound(6, 8),
    greatest: bound(5, 7),
  };
}
