import { createHash } from "node:crypto";
import { invalidArgument } from "../../base/errors.ts";
import { type DataDescription, shortened } from "./description.ts";

/** One record: column names and values. */
export type Row = Readonly<Record<string, unknown>>;

/** True for an array of plain objects. */
export function isRows(data: unknown): data is readonly Row[] {
  return Array.isArray(data) && data.length > 0 && isRow(data[0]);
}

const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

interface Column {
  type: string | undefined;
  present: number;
}

/** Schema by column, in the order in which the columns first come. */
export function describeRows(rows: readonly Row[]): DataDescription {
  const columns = new Map<string, Column>();
  const hash = createHash("sha256").update("rows");
  rows.forEach((row, i) => {
    if (!isRow(row)) throw invalidArgument(`data.${i}`, row, "an object, like the rows before it");
    for (const [name, value] of Object.entries(row)) {
      const column = columns.get(name) ?? { type: undefined, present: 0 };
      columns.set(name, column);
      const type = columnType(value);
      if (type === undefined) continue;
      column.type = column.present === 0 ? type : commonType(column.type, type);
      column.present++;
    }
    hash.update(`${JSON.stringify(Object.entries(row).map(([name, value]) => [name, comparable(value)]))}\n`);
  });
  const profile = { num_rows: rows.length, num_elements: rows.length * columns.size };
  const digest = shortened(hash.digest("hex"));
  const isTyped = [...columns.values()].every(({ type }) => type !== undefined && type !== "other");
  if (!isTyped) return { digest, profile };
  const specification = [...columns].map(([name, { type, present }]) => ({
    type,
    name,
    required: present === rows.length,
  }));
  return { digest, profile, schema: { mlflow_colspec: specification } };
}

/** MLflow's data type of a value; `undefined` where it is missing, "other" where MLflow has none. */
function columnType(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "string" || typeof value === "boolean") return typeof value;
  if (typeof value === "bigint") return "long";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "long" : "double";
  if (value instanceof Date) return "datetime";
  if (value instanceof Uint8Array) return "binary";
  return "other";
}

function commonType(a: string | undefined, b: string): string | undefined {
  if (a === "other" || b === "other" || a === undefined) return undefined;
  if (a === b) return a;
  return [a, b].every((type) => type === "long" || type === "double") ? "double" : undefined;
}

/** A form that tells all values apart, which JSON does not. */
function comparable(value: unknown): unknown {
  if (Object.is(value, -0)) return { number: "-0" };
  if (typeof value === "number" && !Number.isFinite(value)) return { number: String(value) };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (value instanceof Date) return { date: value.getTime() };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("base64") };
  if (value === undefined) return { undefined: true };
  if (typeof value === "function" || typeof value === "symbol") {
    throw invalidArgument("data", value, "numbers, texts, booleans, dates or bytes in rows");
  }
  return value;
}
