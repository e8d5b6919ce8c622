import type { PredictOutput } from "../../src/models/index.ts";
import { isTypedArray } from "../../src/models/tensor-value.ts";
import { relativeDifference } from "./onnx-equality.ts";

/** Values of a tensor as the scripts of test/peers/python write them; whole numbers of 64 bits may be texts. */
export interface PlainTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | boolean | string)[];
}

/** What a model has answered, by name. */
export type Outputs = Readonly<Record<string, PlainTensor>>;

interface Shaped {
  readonly data: ArrayLike<unknown>;
  readonly dims: readonly number[];
}

const DTYPES: Readonly<Record<string, string>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int32Array: "int32",
  BigInt64Array: "int64",
};

/** Lists do not say of what type their values are. */
const UNKNOWN = "unknown";

/**
 * What `predict` has answered. Rows are columns to Python, one for each output: MLflow's ONNX flavor gives a row for each value in them.
 *
 * @param name - Of the output that was given without one.
 */
export function plainOutputs(output: PredictOutput, name = ""): Outputs {
  if (isShaped(output)) return { [name]: plainTensor(output) };
  if (Array.isArray(output) && !isRows(output)) return { [name]: plainTensor(output) };
  if (isRows(output)) {
    const names = Object.keys(output[0] ?? {});
    return Object.fromEntries(names.map((key) => [key, plainTensor(flat(output.map((row) => row[key])))]));
  }
  return Object.fromEntries(Object.entries(output as object).map(([key, value]) => [key, plainTensor(value)]));
}

const isRows = (value: unknown): value is readonly Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) && value.every((row) => typeof row === "object" && row !== null && !Array.isArray(row));

const isShaped = (value: unknown): value is Shaped => typeof value === "object" && value !== null && "dims" in value;

const flat = (values: readonly unknown[]) => values.flat(Number.POSITIVE_INFINITY);

function plainTensor(value: unknown): PlainTensor {
  if (!isShaped(value)) {
    const list = Array.isArray(value) ? value : [value];
    return { dtype: UNKNOWN, shape: Array.isArray(value) ? shapeOf(value) : [], data: flat(list).map(plainValue) };
  }
  const { data, dims } = value;
  const dtype = isTypedArray(data) ? DTYPES[data.constructor.name] : undefined;
  return { dtype: dtype ?? UNKNOWN, shape: dims, data: Array.from(data, plainValue) };
}

const plainValue = (value: unknown) => (typeof value === "bigint" ? String(value) : (value as number));

const shapeOf = (value: unknown): number[] => (Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : []);

/**
 * The largest difference over all outputs of floats, as a part of the largest value of each. Infinite where names, types, shapes or other
 * values differ.
 */
export function largestOf(ours: Outputs, theirs: Outputs = {}): number {
  const names = Object.keys(ours);
  if (names.length === 0 || names.join() !== Object.keys(theirs).join()) return Number.POSITIVE_INFINITY;
  return Math.max(...names.map((name) => differenceOf(ours[name] as PlainTensor, theirs[name] as PlainTensor)));
}

function differenceOf(ours: PlainTensor, theirs: PlainTensor): number {
  const isSameType = ours.dtype === UNKNOWN || theirs.dtype === UNKNOWN || ours.dtype === theirs.dtype;
  if (!isSameType || String(ours.shape) !== String(theirs.shape)) return Number.POSITIVE_INFINITY;
  if (ours.data.length !== theirs.data.length) return Number.POSITIVE_INFINITY;
  const [a, b] = [ours, theirs].map(({ data }) => (theirs.dtype === "bool" ? data.map(Boolean) : data)) as [
    PlainTensor["data"],
    PlainTensor["data"],
  ];
  const isFloat = theirs.dtype.startsWith("float") || theirs.dtype === UNKNOWN;
  if (isFloat) return relativeDifference(a.map(Number), b.map(Number));
  return a.map(String).join("\n") === b.map(String).join("\n") ? 0 : Number.POSITIVE_INFINITY;
}
