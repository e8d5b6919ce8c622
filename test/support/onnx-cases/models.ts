import * as tf from "@tensorflow/tfjs";
import { type ModelCases, modelOf } from "../onnx-equality.ts";

const { layers } = tf;
const symbolic = (value: unknown) => value as tf.SymbolicTensor;

export function twoInputsTwoOutputs(): tf.LayersModel {
  const text = tf.input({ shape: [4], name: "text" });
  const image = tf.input({ shape: [6, 6, 2], name: "image" });
  const words = symbolic(layers.embedding({ inputDim: 9, outputDim: 3 }).apply(layers.reLU().apply(text)));
  const read = symbolic(layers.gru({ units: 4 }).apply(words));
  const seen = layers.flatten().apply(layers.conv2d({ filters: 2, kernelSize: 3 }).apply(image));
  const joined = symbolic(layers.concatenate().apply([read, symbolic(seen)]));
  const label = symbolic(layers.dense({ units: 3, activation: "softmax", name: "label" }).apply(joined));
  const score = symbolic(layers.dense({ units: 1, name: "score" }).apply(joined));
  return tf.model({ inputs: [text, image], outputs: [label, score] });
}

function sharedLayers(): tf.LayersModel {
  const [left, right] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
  const shared = layers.dense({ units: 3, activation: "tanh" });
  const twice = layers.dense({ units: 3 });
  const [a, b] = [symbolic(shared.apply(left)), symbolic(shared.apply(right))];
  return tf.model({
    inputs: [left, right],
    outputs: layers.dot({ axes: 1 }).apply([symbolic(twice.apply(twice.apply(a))), b]) as tf.SymbolicTensor,
  });
}

function residual(blocks: number): tf.LayersModel {
  const input = tf.input({ shape: [4] });
  let x = input;
  for (let i = 0; i < blocks; i++)
    x = symbolic(layers.add().apply([x, symbolic(layers.dense({ units: 4, activation: "tanh" }).apply(x))]));
  return tf.model({ inputs: input, outputs: x });
}

const encoder = () =>
  tf.sequential({
    layers: [layers.dense({ units: 3, inputShape: [4], activation: "relu" }), layers.dropout({ rate: 0.1 })],
  });

/** Whole models: several inputs and outputs, shared layers, models in models. */
export const wholeModelCases: ModelCases = {
  Models: [
    [
      "sequential",
      () => tf.sequential({ layers: [layers.dense({ units: 3, inputShape: [4] }), layers.dense({ units: 2 })] }),
    ],
    [
      "a CNN",
      () =>
        tf.sequential({
          layers: [
            layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: "relu", padding: "same" }),
            layers.maxPooling2d({ poolSize: 2 }),
            layers.batchNormalization(),
            layers.conv2d({ filters: 3, kernelSize: 3, activation: "relu" }),
            layers.flatten(),
            layers.dense({ units: 10, activation: "softmax" }),
          ],
        }),
    ],
    [
      "two inputs and two outputs",
      twoInputsTwoOutputs,
      {
        inputs: [
          tf.tensor2d([
            [0, 1, 2, 8],
            [3, 3, 4, 0],
          ]),
          tf.randomUniform([2, 6, 6, 2], 0, 1, "float32", 7),
        ],
      },
    ],
    ["layers used several times", sharedLayers],
    ["forty layers deep, with shortcuts", () => residual(20)],
    ["a model that begins with a model", () => tf.sequential({ layers: [encoder(), layers.dense({ units: 2 })] })],
    ["a model in a model", () => tf.sequential({ layers: [layers.dense({ units: 4, inputShape: [5] }), encoder()] })],
    [
      "one model used twice",
      () => {
        const [left, right, inner] = [tf.input({ shape: [4] }), tf.input({ shape: [4] }), encoder()];
        const both = [symbolic(inner.apply(left)), symbolic(inner.apply(right))];
        return tf.model({ inputs: [left, right], outputs: symbolic(layers.concatenate().apply(both)) });
      },
    ],
    [
      "a model in every time step",
      () => {
        const input = tf.input({ shape: [4] });
        const inner = tf.model({ inputs: input, outputs: symbolic(layers.dense({ units: 2 }).apply(input)) });
        return modelOf([3, 4], layers.timeDistributed({ layer: inner as unknown as tf.layers.Layer }));
      },
    ],
    [
      "an input that is an output too",
      () => {
        const input = tf.input({ shape: [2] });
        return tf.model({ inputs: input, outputs: [input, symbolic(layers.reLU().apply(input))] });
      },
    ],
    ["a batch that is fixed", () => modelOf([4], layers.dense({ units: 2 })), { batch: 3 }],
    ["a reshape in a batch that is fixed", () => modelOf([4], layers.reshape({ targetShape: [2, 2] })), { batch: 3 }],
    ["a batch of one", () => modelOf([5, 2], layers.lstm({ units: 2 })), { batch: 1, examples: 1 }],
  ],
};
