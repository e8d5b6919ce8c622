import { messageOf } from "../../base/errors.ts";
import { MOST_DIGITS } from "./plain-scalar.ts";
import { pythonFloat } from "./python-float.ts";

/** Types within types, lists within lists: nothing honest comes near, and every reader behind this one may recurse. */
const MOST_NESTING = 100;

// Python's json module writes and reads NaN, and whole numbers of any length, which JavaScript would round.
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;
const BEYOND_JSON = /^(?:NaN|-?Infinity|-?\d{16,})$/;
const MAY_BE_BEYOND_JSON = /NaN|Infinity|\d{16}/;

/** Stands before the text of a number that JSON cannot say; a string that begins with it gets one more. */
const MARK = "\0";
const ESCAPED_MARK = "\\u0000";

/**
 * Reads JSON as Python's json module does: `NaN` and `Infinity` are numbers. Whole numbers beyond 2^53 come as bigint.
 *
 * @throws {SyntaxError} where it is none, is nested too deeply, or has a key that JavaScript would take for more than a key
 */
export function parsePythonJson(text: string): unknown {
  if (nestingOf(text) > MOST_NESTING) throw new SyntaxError(`is nested more than ${MOST_NESTING} levels deep`);
  if (!MAY_BE_BEYOND_JSON.test(text)) return JSON.parse(text, checked);
  return JSON.parse(text.replace(STRING_OR_NUMBER, marked), unmarked);
}

function marked(token: string): string {
  if (BEYOND_JSON.test(token)) return `"${ESCAPED_MARK}${token}"`;
  return token.startsWith(`"${ESCAPED_MARK}`) ? `"${ESCAPED_MARK}${token.slice(1)}` : token;
}

function checked(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SyntaxError("has a key __proto__");
  return value;
}

function unmarked(key: string, value: unknown): unknown {
  checked(key, value);
  if (typeof value === "string") return unmarkedText(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [unmarkedText(name), member]));
}

function unmarkedText(value: string): unknown {
  if (!value.startsWith(MARK)) return value;
  const text = value.slice(MARK.length);
  if (!BEYOND_JSON.test(text)) return text;
  if (!/\d/.test(text)) return Number(text);
  if (text.length > MOST_DIGITS) throw new SyntaxError(`has a number of more than ${MOST_DIGITS} digits`);
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}

function nestingOf(text: string): number {
  let deepest = 0;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "[" || character === "{") deepest = Math.max(deepest, ++depth);
    else if (character === "]" || character === "}") depth--;
  }
  return deepest;
}

/** A number that is a float to Python, whole or not: `1.0`. */
export class PythonFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/**
 * Writes JSON as Python's json module does: ", " and ": " between, ASCII only, NaN as a number. A `Map` is an object whose
 * members stay in their order, numbers too. Members that are `undefined` are left out.
 *
 * @throws {TypeError} for what JSON has no form for
 */
export function formatPythonJson(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "boolean":
    case "bigint":
      return String(value);
    case "number":
      return formatNumber(value);
    case "object":
      if (value instanceof PythonFloat)
        return Number.isFinite(value.value) ? pythonFloat(value.value) : String(value.value);
      if (Array.isArray(value)) return `[${value.map(formatPythonJson).join(", ")}]`;
      return `{${[...(value instanceof Map ? (value as Map<string, unknown>) : Object.entries(value))]
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => `${quoted(key)}: ${formatPythonJson(member)}`)
        .join(", ")}}`;
    default:
      throw new TypeError(`a ${typeof value} has no form in JSON`);
  }
}

function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : pythonFloat(value);
}

const NOT_ASCII = /[\u007f-\uffff]/g;

const quoted = (text: string) =>
  JSON.stringify(text).replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** What is wrong with a text that {@link parsePythonJson} refuses, without the text itself. */
export const jsonProblem = (error: unknown) => `is not JSON: ${messageOf(error).split("\n")[0]?.slice(0, 120)}`;
