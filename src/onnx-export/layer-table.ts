import type { LayerExporter } from "./layer-call.ts";
import { activation, elu, leakyRelu, relu, softmax, thresholdedRelu } from "./layers/activations.ts";
import { dense } from "./layers/dense.ts";
import { flatten, identity, masking, permuteAxes, repeatVector, reshape } from "./layers/shape.ts";

/** Who exports which class of layers. */
export const LAYER_EXPORTERS: Readonly<Record<string, LayerExporter>> = {
  Dense: dense,
  Activation: activation,
  ReLU: relu,
  LeakyReLU: leakyRelu,
  ELU: elu,
  ThresholdedReLU: thresholdedRelu,
  Softmax: softmax,
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
