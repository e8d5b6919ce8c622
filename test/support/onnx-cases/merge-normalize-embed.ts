import * as tf from "@tensorflow/tfjs";
import { type ModelCase, type ModelCases, modelOf } from "../onnx-equality.ts";

const { layers } = tf;

/** A model of one layer after inputs of these shapes. */
function merged(shapes: number[][], layer: tf.layers.Layer): tf.LayersModel {
  const inputs = shapes.map((shape) => tf.input({ shape }));
  return tf.model({ inputs, outputs: layer.apply(inputs) as tf.SymbolicTensor });
}

/** As the first layer CategoryEncoding would spoil the shape of the model's input. */
function encoded(length: number, layer: tf.layers.Layer): tf.LayersModel {
  const input = tf.input({ shape: [length] });
  const rows = layers.reshape({ targetShape: [length] }).apply(input);
  return tf.model({ inputs: input, outputs: layer.apply(rows) as tf.SymbolicTensor });
}

const MERGES = {
  Add: () => layers.add(),
  Multiply: () => layers.multiply(),
  Average: () => layers.average(),
  Maximum: () => layers.maximum(),
  Minimum: () => layers.minimum(),
};

/** Layers that merge, normalize, embed and encode. */
export const mergeCases: ModelCases = {
  ...Object.fromEntries(
    Object.entries(MERGES).map(([name, layer]): [string, ModelCase[]] => [
      name,
      [
        ["two", () => merged([[4], [4]], layer())],
        [
          "three",
          () =>
            merged(
              [
                [2, 3],
                [2, 3],
                [2, 3],
              ],
              layer(),
            ),
        ],
        ["of different rank", () => merged([[2, 3], [3]], layer())],
        [
          "broadcast",
          () =>
            merged(
              [
                [2, 3],
                [2, 1],
              ],
              layer(),
            ),
        ],
      ],
    ]),
  ),
  Concatenate: [
    ["vectors", () => merged([[2], [3], [4]], layers.concatenate())],
    [
      "along time",
      () =>
        merged(
          [
            [2, 3],
            [4, 3],
          ],
          layers.concatenate({ axis: 1 }),
        ),
    ],
    [
      "along the last axis",
      () =>
        merged(
          [
            [2, 3],
            [2, 1],
          ],
          layers.concatenate({ axis: -1 }),
        ),
    ],
  ],
  Dot: [
    ["vectors", () => merged([[4], [4]], layers.dot({ axes: 1 }))],
    ["vectors, normalized", () => merged([[4], [4]], layers.dot({ axes: -1, normalize: true }))],
    [
      "sequences over features",
      () =>
        merged(
          [
            [3, 4],
            [5, 4],
          ],
          layers.dot({ axes: 2 }),
        ),
    ],
    [
      "sequences over time",
      () =>
        merged(
          [
            [3, 4],
            [3, 5],
          ],
          layers.dot({ axes: 1 }),
        ),
    ],
    [
      "sequences, normalized",
      () =>
        merged(
          [
            [3, 4],
            [5, 4],
          ],
          layers.dot({ axes: 2, normalize: true }),
        ),
    ],
    [
      "each over its own axis",
      () =>
        merged(
          [
            [3, 4],
            [4, 5],
          ],
          layers.dot({ axes: [2, 1] }),
        ),
    ],
    [
      "the other axes",
      () =>
        merged(
          [
            [4, 3],
            [5, 4],
          ],
          layers.dot({ axes: [1, 2] }),
        ),
    ],
    ["a sequence and a vector", () => merged([[3, 4], [4]], layers.dot({ axes: [2, 1] }))],
    ["a vector and a sequence", () => merged([[4], [3, 4]], layers.dot({ axes: [1, 2] }))],
  ],
  BatchNormalization: [
    ["vectors", () => modelOf([5], layers.batchNormalization())],
    ["sequences", () => modelOf([3, 5], layers.batchNormalization({ epsilon: 0.1 }))],
    ["images", () => modelOf([3, 2, 5], layers.batchNormalization())],
    ["without a shift", () => modelOf([5], layers.batchNormalization({ center: false }))],
    ["without a scale", () => modelOf([5], layers.batchNormalization({ scale: false }))],
    ["with neither", () => modelOf([5], layers.batchNormalization({ scale: false, center: false }))],
  ],
  LayerNormalization: [
    ["vectors", () => modelOf([5], layers.layerNormalization())],
    ["sequences", () => modelOf([3, 5], layers.layerNormalization({ epsilon: 0.1 }))],
    ["over all but the batch", () => modelOf([3, 5], layers.layerNormalization({ axis: [1, 2] }))],
    ["over time", () => modelOf([3, 5], layers.layerNormalization({ axis: 1 }))],
    ["without a shift", () => modelOf([3, 5], layers.layerNormalization({ center: false }))],
    ["without a scale", () => modelOf([3, 5], layers.layerNormalization({ scale: false }))],
    ["with neither", () => modelOf([3, 5], layers.layerNormalization({ scale: false, center: false }))],
  ],
  PReLU: [
    ["a slope each", () => modelOf([3, 4], layers.prelu())],
    ["shared along time", () => modelOf([3, 4], layers.prelu({ sharedAxes: [1] }))],
    ["of images", () => modelOf([3, 4, 2], layers.prelu({ sharedAxes: [1, 2] }))],
  ],
  Embedding: [
    [
      "words",
      () => modelOf([4], layers.embedding({ inputDim: 6, outputDim: 3 })),
      {
        inputs: [
          tf.tensor2d([
            [0, 1, 2, 5],
            [4, 4, 3, 0],
          ]),
        ],
      },
    ],
    [
      "of any length",
      () => modelOf([null], layers.embedding({ inputDim: 6, outputDim: 3 })),
      { inputs: [tf.tensor2d([[0, 1.9, 5]])] },
    ],
    [
      "from int32",
      () => {
        const input = tf.input({ shape: [2], dtype: "int32" });
        const layer = layers.embedding({ inputDim: 6, outputDim: 3 });
        return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
      },
      { inputs: [tf.tensor2d([[0, 5]], [1, 2], "int32")] },
    ],
  ],
  CategoryEncoding: [
    ...(["multiHot", "count"] as const).map(
      (outputMode): ModelCase => [
        outputMode,
        () => encoded(3, layers.categoryEncoding({ numTokens: 5, outputMode })),
        {
          inputs: [
            tf.tensor2d([
              [0, 4, 4],
              [1, 2, 0],
            ]),
          ],
        },
      ],
    ),
    [
      "oneHot",
      () => encoded(1, layers.categoryEncoding({ numTokens: 5, outputMode: "oneHot" })),
      { inputs: [tf.tensor2d([[0], [4], [2]])] },
    ],
  ],
};
