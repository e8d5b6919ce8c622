import type { PredictOutput } from "../../src/models/index.ts";
import { isTypedArray } from "../../src/models/tensor-value.ts";
import { relativeDifference } from "./onnx-equality.ts";

/** Numbers of an output, in the form of test/peers/python/load_models.py. */
export interface PlainOutput {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What a model has answered, by name. */
export type Outputs = Readonly<Record<string, PlainOutput>>;

type Shaped = { readonly data: ArrayLike<unknown>; readonly dims: readonly number[] };

/** Named tensors, or rows, which are a table with one column for each output: MLflow has one row for each of its values. */
export function plainOutputs(output: PredictOutput): Outputs {
  if (Array.isArray(output)) {
    const rows = output as readonly Readonly<Record<string, unknown>>[];
    return Object.fromEntries(
      Object.keys(rows[0] ?? {}).map((name) => {
        const data = rows.flatMap((row) => [row[name]].flat(Number.POSITIVE_INFINITY) as number[]);
        return [name, { dtype: "any", shape: [data.length], data }];
      }),
    );
  }
  return Object.fromEntries(
    Object.entries(output as Readonly<Record<string, Shaped | readonly unknown[]>>).map(([name, value]) => {
      if ("dims" in value) {
        const dtype = isTypedArray(value.data) ? value.data.constructor.name.replace("Array", "").toLowerCase() : "any";
        return [name, { dtype, shape: value.dims, data: Array.from(value.data, Number) }];
      }
      const data = (value as unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
      return [name, { dtype: "any", shape: shapeOf(value), data }];
    }),
  );
}

const shapeOf = (value: unknown): number[] => (Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : []);

/** The largest difference over all outputs, as a part of the largest value of each; infinite where names, types or shapes differ. */
export function largestOf(expected: Outputs, actual: Outputs = {}): number {
  const names = Object.keys(expected);
  if (names.length === 0 || names.join() !== Object.keys(actual).join()) return Number.POSITIVE_INFINITY;
  const differences = names.map((name) => {
    const [a, b] = [expected[name], actual[name]] as [PlainOutput, PlainOutput];
    const isSameType = a.dtype === "any" || a.dtype === b.dtype;
    if (!isSameType || String(a.shape) !== String(b.shape)) return Number.POSITIVE_INFINITY;
    return relativeDifference(a.data, b.data);
  });
  return Math.max(...differences);
}
