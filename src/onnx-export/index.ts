/**
 * TensorFlow.js to ONNX: `exportOnnx(model)`.
 *
 * @packageDocumentation
 */
export { type ExportOptions, exportOnnx } from "./export-onnx.ts";
export type { ConstantValues, OnnxGraph } from "./graph.ts";
export type { LayerCall, LayerExporter, Value } from "./layer-call.ts";
export type { Attribute, Attributes, Dimension, ElementType } from "./onnx-messages.ts";
export type { Message } from "./protobuf.ts";
export type { Layer, LayersModel, Shape, WeightTensor } from "./tensorflow.ts";
