/** The name of a column: that of a param, say, in the group of params. */
export interface ColumnName {
  readonly group: string;
  readonly name: string;
}

/** Columns of one sort. */
export interface ColumnGroup<T> {
  /** What a head has in them; what it has not is left out. */
  entries(head: T): Iterable<readonly [name: string, value: unknown]>;
  /** One of these values. */
  value(head: T, name: string): unknown;
  /** Whether a stored value is one that can stand in a column. */
  isValue(name: string, value: unknown): boolean;
}

/** What is stored by columns beside the heads, by group, so that a search reads only what it asks for. Empty: nothing is. */
export type ColumnPlan<T> = ReadonlyMap<string, ColumnGroup<T>>;

/** Columns every chunk with columns has: by these an index knows what is in it. */
export const ROW_GROUP = "rows";
/** Among them, where an entity may be gone for good. */
export const IS_GONE: ColumnName = { group: ROW_GROUP, name: "isGone" };

/** One column of heads that have a fixed set of them. */
export interface FixedColumn<T> {
  readonly of: (head: T) => unknown;
  readonly isValue: (value: unknown) => boolean;
}

/** A group with a fixed set of columns. */
export function fixedGroup<T>(columns: Readonly<Record<string, FixedColumn<T>>>): ColumnGroup<T> {
  const byName = new Map(Object.entries(columns));
  return {
    *entries(head) {
      for (const [name, { of }] of byName) {
        const value = of(head);
        if (value !== undefined) yield [name, value];
      }
    },
    value: (head, name) => byName.get(name)?.of(head),
    isValue: (name, value) => byName.get(name)?.isValue(value) === true,
  };
}

export const isText = (value: unknown): value is string => typeof value === "string";
export const isNumber = (value: unknown): value is number => Number.isFinite(value);
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
export const isTrue = (value: unknown): value is true => value === true;

/** The values of one column, and the rows they are of. */
export interface ColumnValues {
  readonly values: unknown[];
  readonly rows: number[];
}

/** As JSON: a value for each row where most rows have one, else values and their rows. */
export function columnJson(name: string, { values, rows }: ColumnValues, rowCount: number): string {
  if (values.length === rowCount) return JSON.stringify([name, values]);
  if (values.length * 2 < rowCount) return JSON.stringify([name, values, rows]);
  const all: unknown[] = new Array(rowCount).fill(null);
  for (const [at, row] of rows.entries()) all[row] = values[at];
  return JSON.stringify([name, all]);
}

/** The values of a column by row, `null` where rows have none; `undefined` where it is no column of so many rows. */
export function readColumn(
  [, values, rows]: readonly unknown[],
  rowCount: number,
  isValue: (value: unknown) => boolean,
): readonly unknown[] | undefined {
  if (!Array.isArray(values)) return undefined;
  if (rows === undefined) {
    const isWhole = values.length === rowCount && values.every((value) => value === null || isValue(value));
    return isWhole ? values : undefined;
  }
  if (!Array.isArray(rows) || rows.length !== values.length || rows.length > rowCount) return undefined;
  const all: unknown[] = new Array(rowCount).fill(null);
  let last = -1;
  for (let at = 0; at < rows.length; at++) {
    const [row, value]: readonly unknown[] = [rows[at], values[at]];
    if (!isCount(row) || row <= last || row >= rowCount || !isValue(value)) return undefined;
    all[row] = value;
    last = row;
  }
  return all;
}
