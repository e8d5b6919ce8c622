import { invalidArgument } from "../../base/errors.ts";
import type { Row } from "../dataset/rows.ts";

/** A table by columns: equally long arrays by name. */
export type TableColumns = Readonly<Record<string, ArrayLike<unknown>>>;

/** A table as rows, or as columns. */
export type TableData = readonly Row[] | TableColumns;

/** Column names, and a value for each in every row. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * What the caller has as rows or columns, as a table. Columns come in the order in which they first appear.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function readTable(data: unknown): Table {
  if (Array.isArray(data)) return fromRows(data);
  if (isRecord(data)) return fromColumns(data);
  throw invalidArgument("rows", data, "an array of objects, or an object of columns");
}

function fromRows(rows: readonly unknown[]): Table {
  const columns = new Set<string>();
  const records = rows.map((row, i) => {
    if (!isRecord(row)) throw invalidArgument(`rows.${i}`, row, "an object of values by column");
    for (const name of Object.keys(row)) columns.add(name);
    return row;
  });
  const names = [...columns];
  const cells = (row: Row) => names.map((name) => (Object.hasOwn(row, name) ? row[name] : null));
  return { columns: names, rows: records.map(cells) };
}

function fromColumns(data: Row): Table {
  const columns = Object.keys(data);
  const values = columns.map((name) => {
    const column = data[name];
    if (!Array.isArray(column) && !isTypedArray(column)) {
      throw invalidArgument(`rows.${name}`, column, "an array of the column's values");
    }
    return column;
  });
  const length = values[0]?.length ?? 0;
  values.forEach((column, i) => {
    if (column.length !== length) {
      throw invalidArgument(`rows.${columns[i]}`, `${column.length} values`, `${length}, as in the first column`);
    }
  });
  return { columns, rows: Array.from({ length }, (_, row) => values.map((column) => column[row])) };
}

const isRecord = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

const isTypedArray = (value: unknown): value is ArrayLike<unknown> =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

/** One table below the other, as pandas concatenates: the columns of both, and null where one has none of them. */
export function concatenate(first: Table, second: Table): Table {
  const known = new Set(first.columns);
  const columns = [...first.columns, ...second.columns.filter((name) => !known.has(name))];
  const missing = new Array<null>(columns.length - first.columns.length).fill(null);
  const places = columns.map((name) => second.columns.indexOf(name));
  return {
    columns,
    rows: [
      ...first.rows.map((row) => [...row, ...missing]),
      ...second.rows.map((row) => places.map((place) => (place < 0 ? null : row[place]))),
    ],
  };
}
