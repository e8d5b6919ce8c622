import type * as OrtModule from "onnxruntime-common";
import { CLASSES, loadDigits, PIXELS_PER_IMAGE } from "../../examples/support/digits.mjs";
import { initialWeights, predictionModel, trainingStepModel } from "../../examples/support/onnx-mlp.mjs";

/** A package of ONNX Runtime: `onnxruntime-node`, `onnxruntime-web`. */
export type Ort = typeof OrtModule;
type Session = OrtModule.InferenceSession;
type Tensor = OrtModule.Tensor;

export const SIZES = { inputs: PIXELS_PER_IMAGE, hidden: 32, classes: CLASSES };
export const BATCH_SIZE = 40;
const WEIGHTS = ["W1", "b1", "W2", "b2"] as const;

/** A model that makes one step of a training, 1.5 KB. */
export const stepModel = (): Uint8Array => trainingStepModel(SIZES);
/** A model that predicts, with weights that have learned nothing. */
export const untrainedModel = (): Uint8Array => predictionModel(SIZES, initialWeights(SIZES, { seed: 1 }));

const digits = loadDigits({ seed: 7 });

/** What one step of the training answered. */
export interface StepSeen {
  readonly loss: number;
  readonly accuracy: number;
}

/** Loops over the digits as a user's program would, and answers what it saw itself. */
export async function trainOnDigits(ort: Ort, session: Session, epochs: number): Promise<StepSeen[]> {
  const seen: StepSeen[] = [];
  const feeds: Record<string, Tensor> = { ...firstWeights(ort), lr: new ort.Tensor("float32", [0.5], []) };
  const { pixels, digits: labels } = digits.training;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let start = 0; start + BATCH_SIZE <= pixels.length; start += BATCH_SIZE) {
      const outputs = await session.run({ ...feeds, ...batchOf(ort, pixels, labels, start) });
      for (const name of WEIGHTS) feeds[name] = outputs[`${name}_new`] as Tensor;
      seen.push({ loss: numberIn(outputs.loss), accuracy: numberIn(outputs.accuracy) });
    }
  }
  return seen;
}

/** Everything that a step takes, for callers who want to make one step by themselves. */
export function firstFeeds(ort: Ort): Record<string, Tensor> {
  const { pixels, digits: labels } = digits.training;
  return { ...firstWeights(ort), ...batchOf(ort, pixels, labels, 0), lr: new ort.Tensor("float32", [0.5], []) };
}

/** Images to predict from. */
export function images(ort: Ort, count: number): Record<string, Tensor> {
  const values = Float32Array.from(digits.test.pixels.slice(0, count).flat());
  return { x: new ort.Tensor("float32", values, [count, PIXELS_PER_IMAGE]) };
}

const numberIn = (tensor: unknown): number => Number((tensor as { data: Float32Array }).data[0]);

function firstWeights(ort: Ort): Record<string, Tensor> {
  const { W1, b1, W2, b2 } = initialWeights(SIZES, { seed: 1 });
  const { inputs, hidden, classes } = SIZES;
  return {
    W1: new ort.Tensor("float32", W1, [inputs, hidden]),
    b1: new ort.Tensor("float32", b1, [hidden]),
    W2: new ort.Tensor("float32", W2, [hidden, classes]),
    b2: new ort.Tensor("float32", b2, [classes]),
  };
}

function batchOf(ort: Ort, pixels: number[][], labels: number[], start: number): Record<string, Tensor> {
  const rows = pixels.slice(start, start + BATCH_SIZE);
  const numbers = labels.slice(start, start + BATCH_SIZE).map(BigInt);
  return {
    x: new ort.Tensor("float32", Float32Array.from(rows.flat()), [BATCH_SIZE, PIXELS_PER_IMAGE]),
    y: new ort.Tensor("int64", BigInt64Array.from(numbers), [BATCH_SIZE]),
  };
}
