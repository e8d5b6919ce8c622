import type { LayerExporter } from "./layer-call.ts";
import { activation, elu, leakyRelu, relu, softmax, thresholdedRelu } from "./layers/activations.ts";
import {
  convolution,
  depthwiseConvolution,
  separableConvolution,
  transposedConvolution,
} from "./layers/convolution.ts";
import { dense } from "./layers/dense.ts";
import { embedding } from "./layers/embedding.ts";
import { add, average, concatenate, dot, maximum, minimum, multiply } from "./layers/merge.ts";
import { batchNormalization, layerNormalization } from "./layers/normalization.ts";
import { averagePooling, globalAveragePooling, globalMaxPooling, maxPooling } from "./layers/pooling.ts";
import { prelu } from "./layers/prelu.ts";
import { categoryEncoding, rescaling } from "./layers/preprocessing.ts";
import { recurrent } from "./layers/recurrent.ts";
import { flatten, identity, masking, permuteAxes, repeatVector, reshape } from "./layers/shape.ts";
import { cropping, upSampling, zeroPadding } from "./layers/space.ts";
import { bidirectional, timeDistributed } from "./layers/wrappers.ts";

/** Who exports which class of layers. */
export const LAYER_EXPORTERS: Readonly<Record<string, LayerExporter>> = {
  Dense: dense,
  Activation: activation,
  ReLU: relu,
  LeakyReLU: leakyRelu,
  ELU: elu,
  ThresholdedReLU: thresholdedRelu,
  Softmax: softmax,
  PReLU: prelu,
  Embedding: embedding,
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  DepthwiseConv2D: depthwiseConvolution,
  SeparableConv2D: separableConvolution,
  Conv2DTranspose: transposedConvolution,
  Conv3DTranspose: transposedConvolution,
  MaxPooling1D: maxPooling,
  MaxPooling2D: maxPooling,
  MaxPooling3D: maxPooling,
  AveragePooling1D: averagePooling,
  AveragePooling2D: averagePooling,
  AveragePooling3D: averagePooling,
  GlobalMaxPooling1D: globalMaxPooling,
  GlobalMaxPooling2D: globalMaxPooling,
  GlobalAveragePooling1D: globalAveragePooling,
  GlobalAveragePooling2D: globalAveragePooling,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  SimpleRNN: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
  Add: add,
  Multiply: multiply,
  Average: average,
  Maximum: maximum,
  Minimum: minimum,
  Concatenate: concatenate,
  Dot: dot,
  ZeroPadding2D: zeroPadding,
  Cropping2D: cropping,
  UpSampling2D: upSampling,
  Rescaling: rescaling,
  CategoryEncoding: categoryEncoding,
  Flatten: flatten,
  Reshape: reshape,
  Permute: permuteAxes,
  RepeatVector: repeatVector,
  Masking: masking,
  Dropout: identity,
  SpatialDropout1D: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  AlphaDropout: identity,
};
