import { randomUUID } from "node:crypto";
import { z } from "zod";
import { describe, invalidArgument, messageOf, TidemarkError } from "../../base/errors.ts";
import type { Table } from "./table.ts";

// A number that JavaScript's own JSON would change goes through it as a text behind this mark, which no other text can have.
const MARK = `number:${randomUUID()}:`;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, "g");

const ALLOWED = "text, a number, a boolean, a date, an image, or arrays and objects of these";

/** pandas reads integers of up to 64 bits, signed or not. Larger ones without an exponent it refuses, or wraps around. */
const isIntegerOfPandas = (value: bigint) => value >= -(2n ** 63n) && value < 2n ** 64n;

/** From here on a number is written with an exponent, which JavaScript by itself does only from 1e21. */
const LARGEST_INTEGER = 2 ** 63;

/**
 * The cells as plain data: what JSON makes of them. Bigints and typed arrays are taken too.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function plainTable({ columns, rows }: Table): Table {
  const plain = rows.map((row, i) =>
    row.map((cell, j) => plainValue(`rows.${i}.${columns[j]}`, cell === undefined ? null : cell)),
  );
  return { columns, rows: plain };
}

function plainValue(place: string, value: unknown): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value !== "object") return plainScalar(place, value);
  try {
    return JSON.parse(
      JSON.stringify(value, (_, inner: unknown) => {
        if (ArrayBuffer.isView(inner)) return Array.from(inner as Uint8Array);
        return inner === undefined ? undefined : plainScalar(place, inner);
      }),
    );
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `${place}: cannot be JSON: ${messageOf(error)}`, {
      cause: error,
      details: { argument: "rows" },
    });
  }
}

function plainScalar(place: string, value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol") throw invalidArgument(place, value, ALLOWED);
  if (typeof value === "bigint") {
    if (!isIntegerOfPandas(value)) throw invalidArgument(place, value, "an integer of at most 64 bits");
    return `${MARK}${value}`;
  }
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) return null;
  return Math.abs(value) < LARGEST_INTEGER ? value : `${MARK}${value.toExponential()}`;
}

/** A plain table as MLflow's file: pandas' `orient="split"` without an index. */
export function formatTable({ columns, rows }: Table): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ columns, data: rows }).replace(MARKED, "$1"));
}

const tableFileSchema = z.object({
  columns: z.array(z.coerce.string()),
  data: z.array(z.array(z.unknown())),
});

/**
 * Reads such a file. Integers keep all their digits.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export function parseTable(path: string, bytes: Uint8Array): Table {
  let content: unknown;
  try {
    content = JSON.parse(markIntegers(new TextDecoder().decode(bytes)));
  } catch (error) {
    throw new TidemarkError("DATA_DAMAGED", `${describe(path)} is no table: ${messageOf(error)}`, { cause: error });
  }
  const { success, data: file } = tableFileSchema.safeParse(content);
  if (!success || file.data.some((row) => row.length !== file.columns.length)) {
    const message = `${describe(path)} is no table: expected {"columns": [...], "data": [[...], ...]} with a value for each column in every row`;
    throw new TidemarkError("DATA_DAMAGED", message);
  }
  return { columns: file.columns, rows: file.data };
}

/** A cell of a table that was read, as a person reads it: texts as they are, all else as JSON. */
export function cellText(cell: unknown): string {
  const text = typeof cell === "string" ? cell : JSON.stringify(cell);
  return text.startsWith(MARK) ? text.slice(MARK.length) : text.replace(MARKED, "$1");
}

/** Marks the integers that a float64 may not hold, wherever they stand outside of strings. */
function markIntegers(text: string): string {
  const pattern = /"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;
  let marked = "";
  let copied = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === '"') pattern.lastIndex = endOfString(text, pattern.lastIndex);
    else {
      marked += `${text.slice(copied, match.index)}"${MARK}${match[0]}"`;
      copied = pattern.lastIndex;
    }
  }
  return marked + text.slice(copied);
}

/** Behind the quote that ends a string: one with an even number of backslashes before it. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start);
  for (; quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslash = quote;
    while (text[backslash - 1] === "\\") backslash--;
    if ((quote - backslash) % 2 === 0) return quote + 1;
  }
  return text.length;
}
