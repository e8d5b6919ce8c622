import * as tf from "@tensorflow/tfjs";
import { ACTIVATIONS } from "../../../src/onnx-export/layers/activations.ts";
import { type ModelCase, type ModelCases, modelOf } from "../onnx-equality.ts";

const { layers } = tf;

/** Dense layers, activations, and layers that only change shapes. */
export const layerCases: ModelCases = {
  Dense: [
    ["with bias", () => modelOf([4], layers.dense({ units: 3 }))],
    ["without bias", () => modelOf([4], layers.dense({ units: 3, useBias: false }))],
    ["of a sequence", () => modelOf([5, 4], layers.dense({ units: 3, activation: "relu" }))],
    ["of a sequence of any length", () => modelOf([null, 4], layers.dense({ units: 3 }))],
    ["of images", () => modelOf([2, 3, 4], layers.dense({ units: 2, activation: "softmax", useBias: false }))],
  ],
  Activation: Object.keys(ACTIVATIONS).flatMap((activation): ModelCase[] => [
    [activation, () => modelOf([7], layers.activation({ activation: activation as "relu" }))],
    [`${activation} in Dense`, () => modelOf([5], layers.dense({ units: 4, activation: activation as "relu" }))],
    [`${activation} of a sequence`, () => modelOf([3, 4], layers.activation({ activation: activation as "relu" }))],
  ]),
  "Activation layers": [
    ["ReLU", () => modelOf([6], layers.reLU())],
    ["ReLU up to a value", () => modelOf([6], layers.reLU({ maxValue: 0.7 }))],
    ["LeakyReLU", () => modelOf([6], layers.leakyReLU())],
    ["LeakyReLU of a slope", () => modelOf([6], layers.leakyReLU({ alpha: 0.05 }))],
    ["ELU", () => modelOf([6], layers.elu())],
    ["ThresholdedReLU", () => modelOf([6], layers.thresholdedReLU())],
    ["ThresholdedReLU of a threshold", () => modelOf([6], layers.thresholdedReLU({ theta: 0.3 }))],
    ["Softmax", () => modelOf([6], layers.softmax())],
    ["Softmax over the last axis", () => modelOf([3, 6], layers.softmax({ axis: -1 }))],
    ["Softmax over the last axis, counted", () => modelOf([3, 6], layers.softmax({ axis: 2 }))],
    ["Softmax over two axes", () => modelOf([3, 6], layers.softmax({ axis: [1, 2] as unknown as number }))],
  ],
  Shape: [
    ["Flatten", () => modelOf([2, 3, 4], layers.flatten())],
    ["Flatten, channels first", () => modelOf([2, 3, 4], layers.flatten({ dataFormat: "channelsFirst" }))],
    ["Reshape", () => modelOf([2, 6], layers.reshape({ targetShape: [3, 4] }))],
    ["Reshape with an unknown length", () => modelOf([2, 6], layers.reshape({ targetShape: [-1, 2] }))],
    ["Reshape of what may have any length", () => modelOf([null, 6], layers.reshape({ targetShape: [-1, 2] }))],
    ["Permute", () => modelOf([2, 3, 4], layers.permute({ dims: [3, 1, 2] }))],
    ["RepeatVector", () => modelOf([4], layers.repeatVector({ n: 3 }))],
    [
      "Masking",
      () => modelOf([3, 2], layers.masking({ maskValue: 0 })),
      {
        inputs: [
          tf.tensor3d([
            [
              [1, 0],
              [0, 0],
              [0, 2],
            ],
            [
              [0, 0],
              [3, 4],
              [0, 0],
            ],
          ]),
        ],
      },
    ],
    [
      "Masking of a value",
      () => modelOf([2, 1], layers.masking({ maskValue: -1 })),
      { inputs: [tf.tensor3d([[[-1], [2]]])] },
    ],
  ],
  "Layers for training only": [
    ["Dropout", () => modelOf([5], layers.dropout({ rate: 0.5 }))],
    ["SpatialDropout1D", () => modelOf([3, 5], layers.spatialDropout1d({ rate: 0.5 }))],
    ["GaussianNoise", () => modelOf([5], layers.gaussianNoise({ stddev: 1 }))],
    ["GaussianDropout", () => modelOf([5], layers.gaussianDropout({ rate: 0.5 }))],
    ["AlphaDropout", () => modelOf([5], layers.alphaDropout({ rate: 0.5 }))],
  ],
};
