import { invalidArgument } from "../../base/errors.ts";
import { pythonFloat } from "../../mlmodel/python/python-float.ts";
import { formatPythonJson } from "../../mlmodel/python/python-json.ts";
import { cellValue } from "../example-values.ts";
import { isGivenTensor, isPlainObject } from "../predict/given-tensor.ts";
import type { PredictOutput } from "../predict/predict-types.ts";
import { isShapedTensor, isTypedArray } from "../tensor-value.ts";

/** How an answer is written. */
export interface FormatServingOutputOptions {
  /**
   * NaN and infinities: `"null"`, or as MLflow's servers write them, `"bare"`: tokens that Python reads and JSON does
   * not have. Default `"null"`.
   */
  readonly nonFinite?: "null" | "bare";
  /**
   * What the model calls its only output. Where the answer is a tensor without a name, it is written under this one, as MLflow's
   * servers do for ONNX models. Default: without a name.
   */
  readonly outputName?: string | undefined;
}

const MOST_NESTING = 100;

/**
 * Writes what a model answered as MLflow's scoring servers do: `{"predictions": …}`, tensors as nested lists, floats
 * with their point, bytes in rows in base64, dates in ISO 8601.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for what JSON has no form for
 */
export function formatServingOutput(
  output: PredictOutput,
  { nonFinite = "null", outputName }: FormatServingOutputOptions = {},
): string {
  const named = outputName !== undefined && isGivenTensor(output) ? new Map([[outputName, output]]) : undefined;
  const place: Place = { isBare: nonFinite === "bare", depth: 0, isCell: false };
  return `{"predictions": ${named === undefined ? write(output, place) : members(named, place)}}`;
}

interface Place {
  readonly isBare: boolean;
  readonly depth: number;
  /** In a row of a list of rows: bytes there are a value, and no tensor. */
  readonly isCell: boolean;
}

function write(value: unknown, place: Place): string {
  if (place.depth > MOST_NESTING) throw invalidArgument("output", value, `at most ${MOST_NESTING} lists within lists`);
  if (typeof value === "number") return number(value, place.isBare);
  if (isShapedTensor(value)) return tensor(value.data as ArrayLike<unknown>, value.dims, place);
  if (isTypedArray(value) && !(place.isCell && value instanceof Uint8Array)) {
    return tensor(value as ArrayLike<unknown>, [value.length], place);
  }
  const inner = { ...place, depth: place.depth + 1 };
  if (Array.isArray(value)) {
    // A list stays one: a value that is not there is null.
    return `[${value.map((item) => write(item ?? null, isPlainObject(item) ? { ...inner, isCell: true } : inner)).join(", ")}]`;
  }
  if (isPlainObject(value)) return members(Object.entries(value), inner);
  return formatPythonJson(scalar(value));
}

function members(entries: Iterable<readonly [string, unknown]>, place: Place): string {
  const present = Array.from(entries).filter(([, member]) => member !== undefined);
  return `{${present.map(([name, member]) => `${formatPythonJson(name)}: ${write(member, place)}`).join(", ")}}`;
}

function scalar(value: unknown): unknown {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return isoDate(value);
  if (value instanceof Uint8Array) return cellValue(value);
  if (value === null || ["string", "bigint", "boolean"].includes(typeof value)) return value;
  throw invalidArgument("output", value, "values that JSON has a form for");
}

/** As Python's `isoformat`: with six digits of a second, if it is no whole one. */
const isoDate = (date: Date) => date.toISOString().replace(".000Z", "").replace("Z", "000");

function number(value: number, isBare: boolean): string {
  return Number.isFinite(value) || isBare ? formatPythonJson(value) : "null";
}

function tensor(values: ArrayLike<unknown>, dims: readonly number[], { isBare }: Place): string {
  // These are floats to Python, whole or not.
  const isFloat = values instanceof Float32Array || values instanceof Float64Array;
  let at = 0;
  const nest = (axis: number): string => {
    if (axis === dims.length) {
      const value = values[at++];
      if (typeof value !== "number") return formatPythonJson(value ?? null);
      return isFloat && Number.isFinite(value) ? pythonFloat(value) : number(value, isBare);
    }
    return `[${Array.from({ length: dims[axis] as number }, () => nest(axis + 1)).join(", ")}]`;
  };
  return nest(0);
}
