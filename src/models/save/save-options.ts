import { z } from "zod";
import { signatureSchema } from "../../mlmodel/signature-schema.ts";
import type { LayerExporter } from "../../onnx-export/layer-call.ts";
import { pythonEnvironmentSchema } from "../environment-files.ts";
import type { OnnxRuntime, TensorFlow } from "../runtimes.ts";
import type { ModelData } from "../signature/infer-signature.ts";

const runtimeWith = <T>(members: readonly string[], text: string) =>
  z.custom<T>(
    (value) =>
      (typeof value === "object" || typeof value === "function") &&
      value !== null &&
      members.every((member) => Reflect.get(value, member) !== undefined),
    { error: `is not ${text}` },
  );

/** TensorFlow.js and ONNX Runtime, as models are saved and loaded with them. */
export const runtimesShape = {
  /** TensorFlow.js: `import * as tf from "@tensorflow/tfjs"`. */
  tf: runtimeWith<TensorFlow>(["tensor"], "TensorFlow.js").optional(),
  /** ONNX Runtime: `import * as ort from "onnxruntime-node"`, or `onnxruntime-web`. Default: the one that is installed, if any. */
  ort: runtimeWith<OnnxRuntime>(["InferenceSession", "Tensor"], "ONNX Runtime").optional(),
};

/** The options of a save, without where it goes. */
export const modelFormShape = {
  ...runtimesShape,
  /** What the model takes and gives; `false`: nothing is said. Default: what the model says of itself, as named tensors; the columns of an example of rows. */
  signature: z.union([signatureSchema, z.literal(false)]).optional(),
  /** One input: tensors, or rows. It is kept with the model, and the ONNX form is tried on it. */
  inputExample: z
    .custom<ModelData>((value) => value !== undefined && value !== null, { error: "is missing" })
    .optional(),
  /** Params of `predict` beside the input, with their defaults. For a `signature` of yours that has none. */
  inferenceParams: z.record(z.string(), z.unknown()).optional(),
  /** What else is to be known of the model: plain values. */
  metadata: z.record(z.string(), z.unknown()).optional(),
  /**
   * The ONNX form of a model that has none of its own: bytes, or the path of a file. `false`: none is made. Default: layers models of
   * TensorFlow.js are exported.
   */
  onnx: z.union([z.instanceof(Uint8Array), z.string().min(1), z.literal(false)]).optional(),
  /** For the export: functions for classes of layers that are not TensorFlow.js's own, by class name. As `exportOnnx` takes them. */
  layers: z
    .record(
      z.string(),
      z.custom<LayerExporter>((value) => typeof value === "function", { error: "is not a function" }),
    )
    .optional(),
  /** Throw where the model has no ONNX form, or one that answers otherwise, instead of saving it without. Default false. */
  strict: z.boolean().default(false),
  /** Of a layers model: the state of the optimizer too, to train on with. Default false. */
  includeOptimizer: z.boolean().default(false),
  /** What a Python is told to install. */
  python: pythonEnvironmentSchema.prefault({}),
  /** More packages of npm for the model's package.json: package to exact version. */
  dependencies: z.record(z.string(), z.string()).default({}),
};

export const saveOptionsSchema = z.strictObject({
  ...modelFormShape,
  /** Take the place of the model in the directory. Default: a directory that holds anything is refused. What is no model always is. */
  overwrite: z.boolean().default(false),
});
/** What {@link saveModel} takes. @interface */
export type SaveOptions = z.input<typeof saveOptionsSchema>;

const modelFormSchema = z.strictObject(modelFormShape);
/** How a model is to be written, with every default. */
export type ModelFormOptions = z.output<typeof modelFormSchema>;
