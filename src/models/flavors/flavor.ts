import type { LayerExporter } from "../../onnx-export/layer-call.ts";
import type { TensorMap, TensorPort } from "../predict/ports.ts";
import type { Runtimes } from "../runtimes.ts";

/** What a form of a model takes and gives. */
export interface ModelPorts {
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
}

/** Where a model is written to, and with what. */
export interface SaveTarget extends Runtimes {
  /** The directory of the whole model, empty but for what other flavors have written. */
  readonly directory: string;
  /** The state of the optimizer goes along, to train on with. */
  readonly includeOptimizer: boolean;
  /** Functions for layers that are not TensorFlow.js's own, by class name, for an export to ONNX. */
  readonly layers?: Readonly<Record<string, LayerExporter>> | undefined;
}

/** A model that has been written in one form. */
export interface SavedForm {
  /** What stands under the flavor's name in the MLmodel: what loading needs to know. Plain values; paths relative to the model. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Absent where the form does not say. */
  readonly ports?: ModelPorts | undefined;
  /** What of npm loads it: package to exact version. */
  readonly packages?: Readonly<Record<string, string>>;
  /** The model as ONNX: a function makes the bytes, and may refuse by throwing; a text is the file, already written, relative to the model. */
  readonly onnx?: (() => Uint8Array) | string | undefined;
  /** Runs the model that was saved, where that is possible: to compare other forms with it. */
  readonly predictor?: TensorPredictor | undefined;
}

/** Where a model is loaded from, and with what. */
export interface LoadSource extends Runtimes {
  /** The directory of the whole model. */
  readonly directory: string;
  /** What stands under the flavor's name in the MLmodel. From a file: whatever is used of it must be checked. */
  readonly config: Readonly<Record<string, unknown>>;
  /** All flavors of the MLmodel. */
  readonly flavors: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Code in the model may be run. */
  readonly allowCode: boolean;
  /** For the session of ONNX Runtime. */
  readonly sessionOptions?: object | undefined;
}

/** What goes with one call of `predict`. */
export interface PredictContext {
  readonly params: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal | undefined;
}

interface PredictorBase {
  /** What the runtime made of the model: a session, a `tf.LayersModel`, what a module's `load` has answered. */
  readonly native: unknown;
  close(): void | Promise<void>;
}

/** A loaded model that takes and gives tensors by name. Input is checked and cast before it comes here. */
export interface TensorPredictor extends PredictorBase {
  readonly takes: "tensors";
  readonly ports: ModelPorts;
  run(tensors: TensorMap, context: PredictContext): Promise<TensorMap>;
}

/** A loaded model that takes what the caller gives, checked by the signature. */
export interface ValuePredictor extends PredictorBase {
  readonly takes: "values";
  run(input: unknown, context: PredictContext): Promise<unknown>;
}

export type Predictor = TensorPredictor | ValuePredictor;

/**
 * A form that models are saved in and loaded from. Plugged in by `registerFlavor`.
 */
export interface Flavor {
  /** Its key among the `flavors` of an MLmodel: lower case letters, digits and `_`. */
  readonly name: string;
  /** True for models that `saveModel` is to write in this form. */
  accepts(model: unknown): boolean;
  /** Writes the model's files. */
  save(model: unknown, target: SaveTarget): Promise<SavedForm>;
  /** What is missing to load the form here, as the end of "needs …"; `undefined` where nothing is. */
  missing(source: Pick<LoadSource, "tf" | "ort" | "allowCode">): string | undefined;
  load(source: LoadSource): Promise<Predictor>;
}
