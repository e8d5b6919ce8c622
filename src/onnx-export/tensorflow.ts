// What of TensorFlow.js is used, by its form: models are handed in, minified or not, and nothing here may load another copy of it.

/** Lengths of a tensor's axes; `null` where one is only known when the model runs. */
export type Shape = readonly (number | null)[];

/** The value of a weight. */
export interface WeightTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  dataSync(): Float32Array | Int32Array | Uint8Array | ArrayLike<number>;
}

/** A value between two layers. */
export interface SymbolicTensor {
  readonly id: number;
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: string;
  readonly sourceLayer: Layer;
  /** Which use of the layer, and which of its outputs. */
  readonly nodeIndex?: number;
  readonly tensorIndex?: number;
}

/** One use of a layer. */
export interface LayerNode {
  readonly inputTensors: readonly SymbolicTensor[];
  readonly outputTensors: readonly SymbolicTensor[];
}

/** A layer of a model, or a model used as one. */
export interface Layer {
  readonly name: string;
  readonly supportsMasking?: boolean;
  readonly inboundNodes: readonly unknown[];
  getClassName(): string;
  // biome-ignore lint/suspicious/noExplicitAny: each class has options of its own, which its exporter knows
  getConfig(): any;
  getWeights(): readonly WeightTensor[];
  // biome-ignore lint/suspicious/noExplicitAny: one shape or several, as TensorFlow.js has it
  computeOutputShape(inputShape: any): any;
}

/** `tf.LayersModel`, `tf.Sequential` or the model of `tf.model()`. */
export interface LayersModel {
  readonly name: string;
  readonly inputs: readonly unknown[];
  readonly outputs: readonly unknown[];
}

/** The same, with what is looked into. */
export interface ModelGraph extends LayersModel {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
}
