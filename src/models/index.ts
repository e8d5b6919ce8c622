/**
 * Models in MLflow's own form: directories with an `MLmodel` that Python loads and serves, and that load in Node, Deno and Bun.
 *
 * @packageDocumentation
 */

export type {
  ArrayType,
  ColumnSpec,
  ColumnType,
  DataType,
  MapType,
  ObjectType,
  Property,
} from "../mlmodel/column-type-schema.ts";
export { parseMlmodel, readMlmodel } from "../mlmodel/mlmodel-file.ts";
export type { Mlmodel, SavedInputExampleInfo } from "../mlmodel/mlmodel-schema.ts";
export type { ParamDefault } from "../mlmodel/param-default.ts";
export { formatSignature, parseSignature, type SignatureTexts } from "../mlmodel/signature.ts";
export type { InputOutputSpec, ParamSpec, Signature, TensorSpec } from "../mlmodel/signature-schema.ts";
export { type CompressionLevel, type PackedModel, type PackOptions, packModel } from "./archive/pack-model.ts";
export { type UnpackOptions, unpackModel } from "./archive/unpack-model.ts";
export type { PythonEnvironmentOptions } from "./environment-files.ts";
export type {
  Flavor,
  LoadSource,
  ModelPorts,
  PredictContext,
  Predictor,
  SavedForm,
  SaveTarget,
  TensorPredictor,
  ValuePredictor,
} from "./flavors/flavor.ts";
export type { JavascriptContext, JavascriptModel, JavascriptModule } from "./flavors/javascript.ts";
export { registerFlavor } from "./flavors/registry.ts";
export { loadModel } from "./load/load-model.ts";
export type { LoadOptions } from "./load/load-options.ts";
export type { LoadedModel, PredictOptions } from "./load/loaded-model.ts";
export { type LoggedModelInfo, logModel } from "./log/log-model.ts";
export type { LogModelOptions } from "./log/log-options.ts";
export type { TensorMap, TensorPort } from "./predict/ports.ts";
export type {
  PredictedTensor,
  PredictInput,
  PredictOutput,
  PredictTensor,
  TfjsTensor,
} from "./predict/predict-types.ts";
export type { OnnxRuntime, Runtimes, TensorFlow } from "./runtimes.ts";
export type { OnnxCheck } from "./save/check-onnx.ts";
export { type SavedModel, saveModel } from "./save/save-model.ts";
export type { SaveOptions } from "./save/save-options.ts";
export type { WrittenModel } from "./save/write-model.ts";
export { parseServingInput, type ServingInput } from "./serving/serving-input.ts";
export { type FormatServingOutputOptions, formatServingOutput } from "./serving/serving-output.ts";
export { type InferSignatureOptions, inferSignature, type ModelData, type Row } from "./signature/infer-signature.ts";
export { signatureFromZod } from "./signature/signature-from-zod.ts";
export type { NestedArray, ShapedTensor, TensorData, TensorValue, TypedArray } from "./tensor-value.ts";
