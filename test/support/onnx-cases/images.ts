import * as tf from "@tensorflow/tfjs";
import { type ModelCases, modelOf } from "../onnx-equality.ts";

const { layers } = tf;
const channelsFirst = "channelsFirst";

/** Convolutions, pooling, padding and resizing. */
export const imageCases: ModelCases = {
  Conv1D: [
    ["valid", () => modelOf([8, 3], layers.conv1d({ filters: 4, kernelSize: 3 }))],
    ["same", () => modelOf([8, 3], layers.conv1d({ filters: 4, kernelSize: 4, padding: "same", activation: "relu" }))],
    ["stride", () => modelOf([9, 3], layers.conv1d({ filters: 4, kernelSize: 3, strides: 2, padding: "same" }))],
    ["dilated", () => modelOf([9, 3], layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2 }))],
    [
      "dilated, same",
      () => modelOf([9, 3], layers.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: "same" })),
    ],
    ["of any length", () => modelOf([null, 3], layers.conv1d({ filters: 2, kernelSize: 3, padding: "same" }))],
    [
      "dilated, same, of any length",
      () => modelOf([null, 3], layers.conv1d({ filters: 2, kernelSize: 3, padding: "same", dilationRate: 2 })),
    ],
  ],
  Conv2D: [
    ["without bias", () => modelOf([6, 5, 3], layers.conv2d({ filters: 4, kernelSize: 3, useBias: false }))],
    ["not square", () => modelOf([6, 7, 2], layers.conv2d({ filters: 3, kernelSize: [2, 4], strides: [1, 2] }))],
    ["relu", () => modelOf([6, 5, 3], layers.conv2d({ filters: 4, kernelSize: 2, activation: "relu" }))],
    ["selu", () => modelOf([6, 5, 3], layers.conv2d({ filters: 4, kernelSize: 2, activation: "selu" }))],
    ["softmax", () => modelOf([4, 5, 3], layers.conv2d({ filters: 4, kernelSize: 2, activation: "softmax" }))],
    ["any size", () => modelOf([null, null, 3], layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }))],
    [
      "channels first",
      () =>
        modelOf([3, 6, 5], layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", dataFormat: channelsFirst })),
    ],
    [
      "channels first, softmax",
      () =>
        modelOf(
          [3, 6, 5],
          layers.conv2d({ filters: 4, kernelSize: 3, activation: "softmax", dataFormat: channelsFirst }),
        ),
    ],
    [
      "channels first, dilated, same",
      () =>
        modelOf(
          [3, 6, 7],
          layers.conv2d({ filters: 2, kernelSize: 3, padding: "same", dilationRate: 2, dataFormat: channelsFirst }),
        ),
    ],
  ],
  "Of any size": [
    [
      "Conv2D, stride",
      () => modelOf([null, null, 2], layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, padding: "same" })),
    ],
    ["MaxPooling2D", () => modelOf([null, null, 2], layers.maxPooling2d({ poolSize: 2, padding: "same" }))],
    [
      "AveragePooling2D",
      () => modelOf([null, 4, 2], layers.averagePooling2d({ poolSize: 3, strides: 1, padding: "same" })),
    ],
    ["GlobalAveragePooling2D", () => modelOf([null, null, 2], layers.globalAveragePooling2d({}))],
  ],
  Conv3D: [
    ["valid", () => modelOf([4, 5, 4, 2], layers.conv3d({ filters: 3, kernelSize: [2, 3, 2] }))],
    ["same", () => modelOf([4, 5, 4, 2], layers.conv3d({ filters: 3, kernelSize: 3, padding: "same", strides: 2 }))],
    [
      "same, strides wider than the kernel",
      () => modelOf([4, 5, 6, 2], layers.conv3d({ filters: 3, kernelSize: [1, 2, 1], padding: "same", strides: 3 })),
    ],
    [
      "tanh",
      () => modelOf([4, 5, 4, 2], layers.conv3d({ filters: 3, kernelSize: 3, activation: "tanh", useBias: false })),
    ],
  ],
  DepthwiseConv2D: [
    ["valid", () => modelOf([5, 6, 3], layers.depthwiseConv2d({ kernelSize: 3 }))],
    ["multiplied", () => modelOf([5, 6, 3], layers.depthwiseConv2d({ kernelSize: [2, 3], depthMultiplier: 2 }))],
    ["same", () => modelOf([5, 6, 3], layers.depthwiseConv2d({ kernelSize: 3, strides: 2, padding: "same" }))],
    [
      "dilated, which TensorFlow.js ignores",
      () =>
        modelOf([6, 6, 2], layers.depthwiseConv2d({ kernelSize: 2, dilationRate: 2, activation: "relu6" as "relu" })),
    ],
    ["channels first", () => modelOf([3, 5, 6], layers.depthwiseConv2d({ kernelSize: 3, dataFormat: channelsFirst }))],
    ["without bias", () => modelOf([5, 6, 3], layers.depthwiseConv2d({ kernelSize: 3, useBias: false }))],
  ],
  SeparableConv2D: [
    ["valid", () => modelOf([5, 6, 3], layers.separableConv2d({ filters: 4, kernelSize: 3 }))],
    [
      "same, multiplied",
      () =>
        modelOf([5, 6, 3], layers.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2, padding: "same" })),
    ],
    [
      "strides",
      () => modelOf([5, 6, 3], layers.separableConv2d({ filters: 2, kernelSize: 3, strides: 2, useBias: false })),
    ],
    [
      "dilated",
      () => modelOf([7, 7, 2], layers.separableConv2d({ filters: 2, kernelSize: 3, dilationRate: 2, padding: "same" })),
    ],
    [
      "channels first, softmax",
      () =>
        modelOf(
          [3, 5, 6],
          layers.separableConv2d({
            filters: 4,
            kernelSize: 3,
            useBias: false,
            activation: "softmax",
            dataFormat: channelsFirst,
          }),
        ),
    ],
  ],
  Conv2DTranspose: [
    ["valid", () => modelOf([4, 5, 3], layers.conv2dTranspose({ filters: 2, kernelSize: 3 }))],
    ["stride", () => modelOf([4, 5, 3], layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2 }))],
    ["same", () => modelOf([4, 5, 3], layers.conv2dTranspose({ filters: 2, kernelSize: 4, padding: "same" }))],
    [
      "same, stride",
      () => modelOf([4, 5, 3], layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "same" })),
    ],
    [
      "stride wider than the kernel",
      () => modelOf([4, 5, 3], layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 3, padding: "same" })),
    ],
    [
      "stride wider than the kernel, valid",
      () => modelOf([4, 5, 3], layers.conv2dTranspose({ filters: 2, kernelSize: 1, strides: 2, activation: "relu" })),
    ],
    [
      "channels first",
      () =>
        modelOf(
          [3, 4, 5],
          layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, dataFormat: channelsFirst }),
        ),
    ],
  ],
  Conv3DTranspose: [
    ["valid", () => modelOf([2, 3, 3, 2], layers.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2 }))],
    ["same", () => modelOf([2, 3, 3, 2], layers.conv3dTranspose({ filters: 2, kernelSize: 3, padding: "same" }))],
    [
      "same, strides wider than the kernel",
      () =>
        modelOf(
          [2, 3, 3, 2],
          layers.conv3dTranspose({ filters: 2, kernelSize: [1, 2, 1], padding: "same", strides: [3, 1, 2] }),
        ),
    ],
  ],
  Pooling: [
    ["MaxPooling1D", () => modelOf([8, 3], layers.maxPooling1d({ poolSize: 2 }))],
    ["MaxPooling1D, same", () => modelOf([7, 3], layers.maxPooling1d({ poolSize: 3, strides: 2, padding: "same" }))],
    ["AveragePooling1D", () => modelOf([8, 3], layers.averagePooling1d({ poolSize: 3, strides: 1 }))],
    ["AveragePooling1D, same", () => modelOf([7, 3], layers.averagePooling1d({ poolSize: 4, padding: "same" }))],
    [
      "MaxPooling2D, channels first",
      () => modelOf([2, 6, 7], layers.maxPooling2d({ poolSize: 2, dataFormat: channelsFirst })),
    ],
    [
      "AveragePooling2D, channels first",
      () => modelOf([2, 6, 7], layers.averagePooling2d({ poolSize: 3, padding: "same", dataFormat: channelsFirst })),
    ],
    ["MaxPooling3D", () => modelOf([4, 5, 6, 2], layers.maxPooling3d({ poolSize: 2 }))],
    [
      "MaxPooling3D, same",
      () => modelOf([4, 5, 6, 2], layers.maxPooling3d({ poolSize: 3, padding: "same", strides: 2 })),
    ],
    [
      "MaxPooling3D, same, strides wider than the window",
      () => modelOf([4, 5, 6, 2], layers.maxPooling3d({ poolSize: 1, padding: "same", strides: 3 })),
    ],
    ["AveragePooling3D", () => modelOf([4, 5, 6, 2], layers.averagePooling3d({ poolSize: 2, strides: 1 }))],
    ["AveragePooling3D, same", () => modelOf([4, 5, 6, 2], layers.averagePooling3d({ poolSize: 3, padding: "same" }))],
    ["GlobalMaxPooling1D", () => modelOf([6, 3], layers.globalMaxPooling1d())],
    ["GlobalAveragePooling1D", () => modelOf([6, 3], layers.globalAveragePooling1d())],
    ["GlobalMaxPooling2D", () => modelOf([4, 5, 3], layers.globalMaxPooling2d({}))],
    ["GlobalAveragePooling2D", () => modelOf([4, 5, 3], layers.globalAveragePooling2d({}))],
    [
      "GlobalMaxPooling2D, channels first",
      () => modelOf([3, 4, 5], layers.globalMaxPooling2d({ dataFormat: channelsFirst })),
    ],
    [
      "GlobalAveragePooling2D, channels first",
      () => modelOf([3, 4, 5], layers.globalAveragePooling2d({ dataFormat: channelsFirst })),
    ],
  ],
  Space: [
    ["ZeroPadding2D", () => modelOf([3, 4, 2], layers.zeroPadding2d())],
    [
      "ZeroPadding2D, each side",
      () =>
        modelOf(
          [3, 4, 2],
          layers.zeroPadding2d({
            padding: [
              [1, 2],
              [0, 3],
            ],
          }),
        ),
    ],
    [
      "ZeroPadding2D, channels first",
      () => modelOf([2, 3, 4], layers.zeroPadding2d({ padding: 2, dataFormat: channelsFirst })),
    ],
    [
      "Cropping2D",
      () =>
        modelOf(
          [6, 7, 2],
          layers.cropping2D({
            cropping: [
              [1, 2],
              [0, 3],
            ],
          }),
        ),
    ],
    [
      "Cropping2D, channels first",
      () =>
        modelOf(
          [2, 6, 7],
          layers.cropping2D({
            cropping: [
              [1, 0],
              [2, 1],
            ],
            dataFormat: channelsFirst,
          }),
        ),
    ],
    ["UpSampling2D", () => modelOf([3, 4, 2], layers.upSampling2d({ size: [2, 3] }))],
    [
      "UpSampling2D, bilinear",
      () => modelOf([3, 4, 2], layers.upSampling2d({ size: [2, 3], interpolation: "bilinear" })),
    ],
    ["UpSampling2D, channels first", () => modelOf([2, 3, 4], layers.upSampling2d({ dataFormat: channelsFirst }))],
    ["Rescaling", () => modelOf([3, 4, 2], layers.rescaling({ scale: 1 / 255, offset: -0.5 }))],
  ],
};
