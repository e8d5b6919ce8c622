import { describe, messageOf, TidemarkError } from "../base/errors.ts";
import { checkKey } from "../base/key-rules.ts";
import { isLongerThan } from "../base/text.ts";
import { MAX_PARAM_VALUE_LENGTH } from "../schema/limits.ts";
import type { Param } from "../schema/param.ts";

/**
 * The params an object stands for: nested objects become dotted keys, arrays JSON text, all else what `String` makes of it.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; it names the dotted key
 */
export function flattenParams(params: Readonly<Record<string, unknown>>): Param[] {
  if (typeof params !== "object" || params === null || Array.isArray(params)) {
    throw refusal("params", `got ${describe(params)}; expected an object`);
  }
  const flat: Param[] = [];
  const ancestors = new Set<unknown>([params]);
  for (const [key, value] of Object.entries(params)) addTo(flat, key, value, ancestors);
  checkUnique(flat);
  return flat;
}

/** The same for one key. */
export function flattenParam(key: string, value: unknown): Param[] {
  const flat: Param[] = [];
  addTo(flat, key, value, new Set());
  checkUnique(flat);
  return flat;
}

function addTo(flat: Param[], key: string, value: unknown, ancestors: Set<unknown>): void {
  checkKey("param", key);
  if (!isNested(value)) {
    flat.push({ key, value: textOf(key, value) });
    return;
  }
  if (ancestors.has(value)) throw refusal(`params.${key}`, "is an object that contains itself");
  ancestors.add(value);
  const entries = Object.entries(value);
  // An empty object is a fact about the run like any other.
  if (entries.length === 0) flat.push({ key, value: "{}" });
  for (const [name, inner] of entries) addTo(flat, `${key}.${name}`, inner, ancestors);
  ancestors.delete(value);
}

/** Objects without a text of their own. Class instances with fields count, as configurations often are some. */
function isNested(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  return value.toString === Object.prototype.toString || Object.getPrototypeOf(value) === null;
}

function textOf(key: string, value: unknown): string {
  const text = asText(key, value);
  if (!isLongerThan(text, MAX_PARAM_VALUE_LENGTH)) return text;
  const allowed = `${MAX_PARAM_VALUE_LENGTH} are allowed; keep longer texts with logText`;
  throw refusal(`params.${key}`, `has ${text.length} characters as text; ${allowed}`);
}

function asText(key: string, value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "function" || typeof value === "symbol") {
    throw refusal(`params.${key}`, `got ${describe(value)}; expected a text, number, boolean, date, array or object`);
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refusal(`params.${key}`, "is an invalid date");
    return value.toISOString();
  }
  if (Array.isArray(value)) return asJson(key, value);
  if (ArrayBuffer.isView(value)) return asJson(key, Array.from(value as unknown as ArrayLike<number>));
  return String(value);
}

function asJson(key: string, value: readonly unknown[]): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw refusal(`params.${key}`, `cannot be written as JSON: ${messageOf(error)}`, error);
  }
}

/** `{ "a.b": 1, a: { b: 2 } }` would log one param twice. */
function checkUnique(flat: readonly Param[]): void {
  const values = new Map<string, string>();
  for (const { key, value } of flat) {
    const other = values.get(key);
    if (other !== undefined && other !== value) throw refusal(`params.${key}`, "is given twice with different values");
    values.set(key, value);
  }
}

const refusal = (argument: string, problem: string, cause?: unknown) =>
  new TidemarkError("INVALID_PARAMETER_VALUE", `${argument}: ${problem}`, {
    details: { argument },
    ...(cause === undefined ? {} : { cause }),
  });
