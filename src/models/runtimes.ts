// What of TensorFlow.js and ONNX Runtime is used, by its form: the user hands the instances in, and nothing here may load another copy
// of what is handed in.

/** TensorFlow.js as it is handed in: `import * as tf from "@tensorflow/tfjs"`. */
export interface TensorFlow {
  tensor(...args: never[]): unknown;
  loadLayersModel?(...args: never[]): unknown;
  loadGraphModel?(...args: never[]): unknown;
}

/** ONNX Runtime as it is handed in: `import * as ort from "onnxruntime-node"`, or `onnxruntime-web`. */
export interface OnnxRuntime {
  readonly InferenceSession: { create(...args: never[]): unknown };
  readonly Tensor: new (...args: never[]) => unknown;
}

/** What models can be run with. */
export interface Runtimes {
  readonly tf?: TensorFlow | undefined;
  readonly ort?: OnnxRuntime | undefined;
}

/** A tensor of TensorFlow.js. */
export interface TfTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  data(): Promise<ArrayLike<number> | string[]>;
  dispose(): void;
}

/** A value that will be there: an input or output of a model of TensorFlow.js. */
export interface TfPort {
  readonly name: string;
  readonly shape?: readonly (number | null)[] | null;
  readonly dtype: string;
  /** Of a layers model. */
  readonly sourceLayer?: { readonly name: string };
}

/** What `model.save` hands over. */
export interface TfArtifacts {
  readonly modelTopology?: unknown;
  readonly format?: string;
  readonly weightSpecs?: readonly TfWeightSpec[];
  readonly weightData?: ArrayBuffer | readonly ArrayBuffer[];
  readonly [part: string]: unknown;
}

/** One weight: its form, and how it is kept. */
export interface TfWeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: { readonly dtype: string };
}

/** A layers model or a graph model of TensorFlow.js. */
export interface TfModel {
  readonly inputs: readonly TfPort[];
  readonly outputs: readonly TfPort[];
  readonly layers?: unknown;
  readonly optimizer?: unknown;
  save(handler: object, config?: object): Promise<unknown>;
  predict(inputs: unknown): TfTensor | TfTensor[] | Record<string, TfTensor>;
  /** Of a graph model. */
  execute?(inputs: Record<string, TfTensor>, outputs: readonly string[]): TfTensor | TfTensor[];
  executeAsync?(inputs: Record<string, TfTensor>, outputs: readonly string[]): Promise<TfTensor | TfTensor[]>;
  dispose?(): void;
}

/** The same as {@link TensorFlow}, with what is called. */
export interface TfNamespace {
  readonly version?: Readonly<Record<string, string>>;
  readonly version_core?: string;
  tensor(values: unknown, shape: readonly number[], dtype: string): TfTensor;
  loadLayersModel?(handler: object): Promise<TfModel>;
  loadGraphModel?(handler: object): Promise<TfModel>;
}

/** A tensor of ONNX Runtime. `data` throws where it is on a device. */
export interface OrtTensor {
  readonly dims: readonly number[];
  readonly type: string;
  readonly data: unknown;
  readonly location?: string;
  getData?(releaseData?: boolean): Promise<unknown>;
}

/** A session of ONNX Runtime. Versions before 1.21 have no metadata. */
export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata?: readonly OrtMetadata[];
  readonly outputMetadata?: readonly OrtMetadata[];
  run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release?(): Promise<void>;
}

interface OrtMetadata {
  readonly name: string;
  readonly isTensor?: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** The same as {@link OnnxRuntime}, with what is called. */
export interface OrtNamespace {
  readonly InferenceSession: {
    create(model: string | Uint8Array, options?: object): Promise<OrtSession>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly env?: { readonly versions?: Readonly<Record<string, string | undefined>> };
}
