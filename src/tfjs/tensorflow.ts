// What of TensorFlow.js is used, by its form: the user hands in the instance, minified or not, and nothing here may load another.

/** A class of TensorFlow.js. */
export interface TensorFlowClass {
  // biome-ignore lint/suspicious/noExplicitAny: the prototype of any class whatever
  readonly prototype: any;
}

/** `@tensorflow/tfjs`, `@tensorflow/tfjs-node`, or the parts of them a program has put together. */
export interface TensorFlow {
  readonly LayersModel?: TensorFlowClass;
  readonly Sequential?: TensorFlowClass;
  readonly Optimizer?: TensorFlowClass;
  readonly CustomCallback?: TensorFlowClass;
}

/** The same with what else is used of it, which may all be missing. */
export interface Namespace {
  readonly LayersModel?: TensorFlowClass;
  readonly Sequential?: TensorFlowClass;
  readonly Optimizer?: TensorFlowClass;
  readonly CustomCallback?: new (callbacks: object, yieldEvery?: unknown) => TrainingCallback;
  readonly EarlyStopping?: TensorFlowClass;
  readonly version?: Readonly<Record<string, string>>;
  readonly version_core?: string;
  getBackend?(): string;
  memory?(): { readonly numTensors: number; readonly numBytes: number };
  tidy?<T>(body: () => T): T;
  slice?(tensor: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  argMax?(tensor: Tensor, axis: number): Tensor;
}

export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  dataSync(): ArrayLike<number>;
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

/** What models take: one tensor, or several by position or by name. */
export type Tensors = Tensor | readonly Tensor[] | Readonly<Record<string, Tensor>>;

export interface Optimizer {
  readonly learningRate?: unknown;
  getClassName(): string;
  getConfig(): Readonly<Record<string, unknown>>;
}

export interface Layer {
  readonly name: string;
  readonly outputShape: unknown;
  readonly trainable: boolean;
  getClassName(): string;
  countParams(): number;
}

/** A value that will be there: an input or output of a model. */
export interface SymbolicTensor {
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
}

export interface Model {
  readonly name: string;
  /** Of a Sequential: the model that does the work. */
  readonly model?: Model;
  readonly optimizer?: Optimizer;
  readonly loss?: unknown;
  readonly metrics?: unknown;
  readonly metricsNames?: readonly string[];
  readonly layers: readonly Layer[];
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly trainableWeights: readonly { readonly shape: readonly number[] }[];
  readonly stopTraining: boolean;
  countParams(): number;
  summary(lineLength: undefined, positions: undefined, print: (line?: string) => void): void;
  predict(x: Tensors, options?: { batchSize?: number }): Tensor | Tensor[];
}

/** What callbacks are told of a batch or an epoch. */
export type Logs = Readonly<Record<string, number | Tensor>>;

/** What TensorFlow.js calls while it trains. */
export interface TrainingCallback {
  setParams(params: unknown): void;
  setModel(model: unknown): void;
  onTrainBegin(logs?: Logs): unknown;
  onTrainEnd(logs?: Logs): unknown;
  onEpochBegin(epoch: number, logs?: Logs): unknown;
  onEpochEnd(epoch: number, logs?: Logs): unknown;
  onBatchBegin(batch: number, logs?: Logs): unknown;
  onBatchEnd(batch: number, logs?: Logs): unknown;
}

/** What `fit` and `fitDataset` take beside the data. */
export interface FitArguments {
  readonly batchSize?: number;
  readonly epochs?: number;
  readonly initialEpoch?: number;
  readonly shuffle?: boolean;
  readonly validationSplit?: number;
  readonly validationData?: unknown;
  readonly validationBatchSize?: number;
  readonly validationBatches?: number;
  readonly batchesPerEpoch?: number;
  readonly classWeight?: unknown;
  readonly callbacks?: unknown;
  readonly yieldEvery?: unknown;
}

export interface History {
  readonly epoch: readonly number[];
  readonly history: Readonly<Record<string, readonly unknown[]>>;
}

export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === "object" &&
    value !== null &&
    "shape" in value &&
    Array.isArray(value.shape) &&
    "dataSync" in value &&
    typeof value.dataSync === "function"
  );
}

/** Tensors by the names the model has for them; empty for what is none. */
export function tensorsByName(tensors: unknown, names: readonly string[]): ReadonlyMap<string, Tensor> {
  if (isTensor(tensors)) return new Map([[names[0] ?? "0", tensors]]);
  if (typeof tensors !== "object" || tensors === null) return new Map();
  const named = Array.isArray(tensors)
    ? tensors.map((tensor, index): [string, unknown] => [names[index] ?? String(index), tensor])
    : Object.entries(tensors);
  return new Map(named.filter((entry): entry is [string, Tensor] => isTensor(entry[1])));
}

// Where the values are at hand, reading them costs less than the promise of them.
const SYNCHRONOUS_BACKENDS: ReadonlySet<string | undefined> = new Set(["cpu", "wasm", "tensorflow"]);

/** Whether a tensor's values can be read without waiting for a device. */
export function readsNow(tf: Namespace): boolean {
  return SYNCHRONOUS_BACKENDS.has(tf.getBackend?.());
}
