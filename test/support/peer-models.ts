import * as tf from "@tensorflow/tfjs";
import { CLASSES, loadDigits } from "../../examples/support/digits.mjs";
import type { ModelData, PredictInput, TensorData } from "../../src/models/index.ts";
import { exportOnnx } from "../../src/onnx-export/index.ts";
import type { PlainTensor } from "./model-outputs.ts";

/** What a model is asked, in the form of test/peers/python/load_models.py. */
export type Question =
  | { readonly tensors: Readonly<Record<string, PlainTensor>> }
  | { readonly rows: readonly Readonly<Record<string, number>>[] };

/** A model that both sides are to load, and an input for it that was not kept with it. */
export interface PeerModel {
  readonly model: tf.LayersModel | Uint8Array;
  readonly inputExample: ModelData;
  readonly question: Question;
}

const { layers } = tf;
const symbolic = (value: unknown) => value as tf.SymbolicTensor;
const uniform = (seed: number) => tf.initializers.randomUniform({ minval: -0.6, maxval: 0.6, seed });

/** Values between -1 and 1; whole ones below `words` where that is given. */
function plainTensor(shape: readonly number[], seed: number, words?: number): PlainTensor {
  const dtype = words === undefined ? "float32" : "int32";
  const random = tf.randomUniform([...shape], words === undefined ? -1 : 0, words ?? 1, dtype, seed);
  return { dtype, shape, data: Array.from(random.dataSync()) };
}

/** As `predict` takes it. */
export function asked(question: Question): PredictInput {
  if ("rows" in question) return question.rows;
  return Object.fromEntries(Object.entries(question.tensors).map(([name, tensor]) => [name, shapedTensor(tensor)]));
}

/** With its values in what their type is kept in. */
export function shapedTensor({ dtype, shape, data }: PlainTensor) {
  return { data: typedData(dtype, data), dims: shape };
}

function typedData(dtype: string, data: PlainTensor["data"]): TensorData {
  if (dtype === "float32") return Float32Array.from(data, Number);
  if (dtype === "float64") return Float64Array.from(data, Number);
  if (dtype === "int32") return Int32Array.from(data, Number);
  if (dtype === "int64") return BigInt64Array.from(data.map(BigInt));
  return data as readonly string[];
}

/** That of the layer: a tensor has the number of its kind in its name. */
export const inputNameOf = (model: tf.LayersModel) => model.inputs[0]?.sourceLayer.name as string;

const tensors = (named: Readonly<Record<string, PlainTensor>>): Question => ({ tensors: named });

export function mlp(): tf.LayersModel {
  return tf.sequential({
    layers: [
      layers.dense({ units: 8, inputShape: [4], activation: "tanh", kernelInitializer: uniform(1), name: "hidden" }),
      layers.dense({ units: 3, activation: "softmax", kernelInitializer: uniform(2), name: "species" }),
    ],
  });
}

/** Learns a little, of real digits: weights that a training has made. */
async function digitsCnn(): Promise<PeerModel> {
  const { training, test } = loadDigits({ seed: 3 });
  const images = (pixels: readonly number[][]) => tf.tensor(pixels.flat(), [pixels.length, 8, 8, 1]);
  const model = tf.sequential({
    layers: [
      layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: "relu", name: "strokes" }),
      layers.maxPooling2d({ poolSize: 2 }),
      layers.batchNormalization(),
      layers.flatten(),
      layers.dense({ units: CLASSES, activation: "softmax", name: "digit" }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: "categoricalCrossentropy" });
  const digits = tf.oneHot(tf.tensor1d(training.digits.slice(0, 200), "int32"), CLASSES);
  await model.fit(images(training.pixels.slice(0, 200)), digits, { epochs: 1, verbose: 0 });
  const given = test.pixels.slice(0, 20);
  return {
    model,
    inputExample: { data: Float32Array.from(given[0] as number[]), dims: [1, 8, 8, 1] },
    question: tensors({ [inputNameOf(model)]: { dtype: "float32", shape: [20, 8, 8, 1], data: given.flat() } }),
  };
}

/** What is needed to train a small network, and a question for it. */
export function classifierOf(examples: number) {
  const model = mlp();
  model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" });
  const x = tf.randomUniform([examples, 4], 0, 1, "float32", 11);
  const y = tf.oneHot(tf.cast(tf.floor(tf.mul(tf.slice(x, [0, 0], [examples, 1]).flatten(), 3)), "int32"), 3);
  return { model, x, y, question: tensors({ [inputNameOf(model)]: plainTensor([5, 4], 12) }) };
}

function twoInputsTwoOutputs(): PeerModel {
  const [left, right] = [tf.input({ shape: [3], name: "left" }), tf.input({ shape: [2], name: "right" })];
  const joined = symbolic(layers.concatenate().apply([left, right]));
  const label = layers.dense({ units: 3, activation: "softmax", kernelInitializer: uniform(3), name: "label" });
  const score = layers.dense({ units: 1, kernelInitializer: uniform(4), name: "score" });
  const outputs = [symbolic(label.apply(joined)), symbolic(score.apply(joined))];
  const inputs = { left: plainTensor([5, 3], 5), right: plainTensor([5, 2], 6) };
  return {
    model: tf.model({ inputs: [left, right], outputs }),
    inputExample: { left: [[1, 2, 3]], right: [[1, 0]] },
    question: tensors(inputs),
  };
}

function embedding(): PeerModel {
  const words = tf.input({ shape: [6], dtype: "int32", name: "words" });
  const embedded = layers.embedding({ inputDim: 20, outputDim: 4, embeddingsInitializer: uniform(7) }).apply(words);
  const read = layers.globalAveragePooling1d({}).apply(embedded);
  const mood = layers
    .dense({ units: 2, activation: "softmax", kernelInitializer: uniform(8), name: "mood" })
    .apply(read);
  return {
    model: tf.model({ inputs: words, outputs: symbolic(mood) }),
    inputExample: { data: Int32Array.of(1, 2, 3, 4, 5, 6), dims: [1, 6] },
    question: tensors({ words: plainTensor([4, 6], 9, 20) }),
  };
}

/** Models of every kind that is saved differently, by what they are. */
export async function peerModels(): Promise<Readonly<Record<string, PeerModel>>> {
  const flowers = mlp();
  const question = tensors({ [inputNameOf(flowers)]: plainTensor([7, 4], 10) });
  const rows = Array.from({ length: 3 }, (_, row) => ({ sepal: row + 0.5, width: 3.5, petal: -row, depth: 0.2 }));
  return {
    mlp: { model: flowers, inputExample: [[5.1, 3.5, 1.4, 0.2]], question },
    "cnn of digits": await digitsCnn(),
    "two of each": twoInputsTwoOutputs(),
    embedding: embedding(),
    "onnx bytes": { model: exportOnnx(mlp()), inputExample: [[5.1, 3.5, 1.4, 0.2]], question },
    rows: { model: mlp(), inputExample: [{ sepal: 5.1, width: 3.5, petal: 1.4, depth: 0.2 }], question: { rows } },
  };
}
