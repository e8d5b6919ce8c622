import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec, ColumnType } from "../../mlmodel/column-type-schema.ts";
import type { Row } from "../signature/infer-signature.ts";

/** Of JSON: an object with the members `data` and `dims` is no tensor here. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isRecords = (data: readonly unknown[]): data is readonly Row[] => data.length > 0 && data.every(isObject);

/** The rows of `dataframe_records`. */
export function recordRows(form: string, data: unknown): readonly Row[] {
  if (!Array.isArray(data)) throw invalidArgument(form, data, "a list of objects with a value for each column");
  for (const [index, row] of data.entries()) {
    if (!isObject(row)) throw invalidArgument(`${form}[${index}]`, row, "an object with a value for each column");
  }
  return data;
}

/** The rows of `dataframe_split`. */
export function splitRows(data: unknown): readonly Row[] {
  const form = "dataframe_split";
  const expected = "an object with data, and columns and index if need be";
  if (!isObject(data) || !Object.hasOwn(data, "data")) throw invalidArgument(form, data, expected);
  const unknown = Object.keys(data).find((key) => !["data", "columns", "index"].includes(key));
  if (unknown !== undefined) throw invalidArgument(form, unknown, expected);
  const cells = data.data;
  if (!Array.isArray(cells)) throw invalidArgument(`${form}.data`, cells, "a list of rows");
  const rows = cells.map((row): readonly unknown[] => (Array.isArray(row) ? row : [row]));
  const names = splitNames(data.columns ?? rows[0]?.map((_, index) => index) ?? []);
  const { index } = data;
  if (index !== undefined && index !== null && (!Array.isArray(index) || index.length !== rows.length)) {
    throw invalidArgument(`${form}.index`, index, `a list of ${rows.length}, one for each row`);
  }
  return rows.map((row, at) => {
    if (row.length !== names.length) {
      throw invalidArgument(`${form}.data[${at}]`, row, `${names.length} values, one for each column`);
    }
    return Object.fromEntries(names.map((name, column) => [name, row[column]]));
  });
}

function splitNames(columns: unknown): readonly string[] {
  const place = "dataframe_split.columns";
  if (!Array.isArray(columns)) throw invalidArgument(place, columns, "a list of names");
  const names = columns.map((name) => {
    if (typeof name !== "string" && typeof name !== "number") throw invalidArgument(place, name, "names");
    return String(name);
  });
  if (new Set(names).size < names.length) throw invalidArgument(place, columns, "each name of a column once");
  return names;
}

/** What `inputs` and `instances` hold, for a signature of columns. */
export function tableRows(form: string, data: unknown, columns: readonly ColumnSpec[]): readonly Row[] {
  const [first] = columns as readonly [ColumnSpec];
  const nameAt = (index: number) => String(columns[index]?.name ?? index);
  if (isObject(data)) return objectRows(form, data, columns);
  if (!Array.isArray(data)) return [{ [nameAt(0)]: data }];
  const list: readonly unknown[] = data;
  if (isRecords(list)) return list;
  if (columns.length === 1) return oneColumn(nameAt(0), list, first);
  return list.map((row, at) => {
    if (!Array.isArray(row) || row.length !== (list[0] as readonly unknown[]).length) {
      throw invalidArgument(`${form}[${at}]`, row, "a list of the values of a row, of one length in all rows");
    }
    return Object.fromEntries(row.map((value, index) => [nameAt(index), value]));
  });
}

/** A value for each row; for a column of lists, a single row's list, or one for each row. */
function oneColumn(name: string, list: readonly unknown[], type: ColumnType): readonly Row[] {
  const isLists = list.length > 0 && list.every(Array.isArray);
  if (type.type === "array" && (!isLists || type.items.type === "array")) return [{ [name]: list }];
  const isMatrix = type.type !== "array" && isLists && list.every((row) => (row as readonly unknown[]).length === 1);
  return list.map((value) => ({ [name]: isMatrix ? (value as readonly unknown[])[0] : value }));
}

function objectRows(form: string, data: Row, columns: readonly ColumnSpec[]): readonly Row[] {
  const hasLists = columns.some(({ type }) => type === "array" || type === "object" || type === "map");
  const entries = Object.entries(data);
  if (hasLists || !entries.every(([, value]) => Array.isArray(value))) return [data];
  const [firstName, firstList] = entries[0] ?? ["", []];
  const rowCount = (firstList as readonly unknown[]).length;
  for (const [name, list] of entries as [string, readonly unknown[]][]) {
    if (list.length !== rowCount) {
      throw invalidArgument(`${form}.${name}`, list, `${rowCount} values, as ${JSON.stringify(firstName)} has`);
    }
  }
  return Array.from({ length: rowCount }, (_, row) =>
    Object.fromEntries(entries.map(([name, list]) => [name, (list as readonly unknown[])[row]])),
  );
}
