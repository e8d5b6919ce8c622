import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { type ExportOptions, exportOnnx } from "../../src/onnx-export/index.ts";
import { randomFrom } from "./random.ts";

tf.enableProdMode();

/** What may differ, as a part of the largest output: two orders of adding up float32 numbers differ by less. */
export const LARGEST_DIFFERENCE = 1e-5;

export interface ComparisonOptions extends ExportOptions {
  /** Of weights and inputs. */
  readonly seed?: number;
  /** How many examples go in. Default 3. */
  readonly examples?: number;
  /** Lengths for axes of inputs, other than the first, that may have any. */
  readonly unknownLength?: number;
  /** Values of the inputs. Default: random ones from -2 to 2. */
  readonly inputs?: readonly tf.Tensor[];
  /** Weights stay as they are. Default: they become random, so that zeros and ones hide nothing. */
  readonly keepWeights?: boolean;
}

/** A model as a file, what goes into it, and what TensorFlow.js makes of that. */
export interface Comparison {
  readonly bytes: Uint8Array;
  readonly inputNames: readonly string[];
  readonly inputs: readonly tf.Tensor[];
  readonly outputs: readonly tf.Tensor[];
}

export function comparisonOf(model: tf.LayersModel, options: ComparisonOptions = {}): Comparison {
  const { seed = 1, examples = 3, unknownLength = 5, inputs, keepWeights = false, ...exporting } = options;
  const random = randomFrom(seed);
  if (!keepWeights) randomizeWeights(model, random);
  const given = inputs ?? model.inputs.map(({ shape, dtype }) => randomTensor(shape, dtype, random));
  function randomTensor(shape: readonly (number | null)[], dtype: string, next: () => number): tf.Tensor {
    const lengths = shape.map((length, axis) => length ?? (axis === 0 ? examples : unknownLength));
    const values = Float32Array.from({ length: tf.util.sizeFromShape(lengths) }, () => next() * 4 - 2);
    return dtype === "int32" ? tf.tensor(values, lengths).toInt() : tf.tensor(values, lengths);
  }
  const outputs = [model.predict(given.length === 1 ? (given[0] as tf.Tensor) : [...given])].flat();
  return { bytes: exportOnnx(model, exporting), inputNames: model.inputNames, inputs: given, outputs };
}

/** Largest difference between TensorFlow.js and onnxruntime-node over all outputs, as a part of the largest output. */
export async function differenceInOnnx(model: tf.LayersModel, options: ComparisonOptions = {}): Promise<number> {
  const { bytes, inputNames, inputs, outputs } = comparisonOf(model, options);
  const actual = await runOnnx(bytes, inputNames, inputs);
  let largest = 0;
  for (const [i, output] of outputs.entries()) {
    const result = actual[i];
    if (result === undefined) throw new Error(`output ${i} is missing`);
    if (String(result.dims) !== String(output.shape)) throw new Error(`shape ${result.dims} is not ${output.shape}`);
    largest = Math.max(largest, relativeDifference(await output.data(), result.data as Float32Array));
  }
  return largest;
}

/** The outputs of an ONNX model, in its own order. */
export async function runOnnx(
  bytes: Uint8Array,
  names: readonly string[],
  inputs: readonly tf.Tensor[],
): Promise<readonly ort.Tensor[]> {
  // Errors only: a model that is not optimal would be warned of on the console.
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    const feeds = names.map((name, i): [string, ort.Tensor] => {
      const { shape, dtype } = inputs[i] as tf.Tensor;
      const data = (inputs[i] as tf.Tensor).dataSync();
      return [name, new ort.Tensor(dtype as "float32", data as Float32Array, shape)];
    });
    const results = await session.run(Object.fromEntries(feeds));
    return session.outputNames.map((name) => results[name] as ort.Tensor);
  } finally {
    await session.release();
  }
}

export function relativeDifference(expected: ArrayLike<number>, actual: ArrayLike<number>): number {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    const here = Math.abs((expected[i] as number) - (actual[i] as number));
    // NaN must not pass for small.
    if (Number.isNaN(here)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, here);
    largest = Math.max(largest, Math.abs(expected[i] as number));
  }
  return difference === 0 ? 0 : difference / largest;
}

function randomizeWeights(model: tf.LayersModel, random: () => number): void {
  model.setWeights(
    model.weights.map((weight) => {
      const { shape, name } = weight as unknown as { shape: number[]; name: string };
      const positive = name.includes("variance");
      const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () =>
        positive ? random() + 0.1 : random() * 1.2 - 0.6,
      );
      return tf.tensor(values, shape);
    }),
  );
}

/** A model to be compared, by what is special about it. */
export type ModelCase = readonly [name: string, model: () => tf.LayersModel, options?: ComparisonOptions];

/** Models by what they are about. */
export type ModelCases = Readonly<Record<string, readonly ModelCase[]>>;

/** A test for every model: it gives the same in ONNX. */
export function testModels(groups: ModelCases): void {
  describe.each(Object.entries(groups))("%s", (_, cases) => {
    for (const [name, model, options] of cases)
      test(name, async () => {
        expect(await differenceInOnnx(model(), options)).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
      });
  });
}

/** A model of one layer, which follows an input of this shape. */
export function modelOf(shape: (number | null)[], layer: tf.layers.Layer): tf.LayersModel {
  const input = tf.input({ shape });
  return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
}
