/** Classes of TensorFlow.js that have no exporter: why, and what to do instead. */
export const REFUSED_LAYERS: Readonly<Record<string, { readonly why: string; readonly remedy: string }>> = {
  ConvLSTM2D: {
    why: "ONNX has no recurrent operator with convolutions",
    remedy: "use TimeDistributed convolutions and an LSTM, or pass a function for its class in `layers`",
  },
  Resizing: {
    why: "TensorFlow.js itself cannot run it inside a model",
    remedy: "use UpSampling2D, or resize before the model",
  },
  CenterCrop: {
    why: "which pixels it takes depends on rounding inside TensorFlow.js",
    remedy: "use Cropping2D",
  },
  RandomWidth: { why: "its answer is random in inference too", remedy: "resize images before the model" },
  RandomHeight: { why: "its answer is random in inference too", remedy: "resize images before the model" },
};
