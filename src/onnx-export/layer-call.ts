import { TidemarkError } from "../base/errors.ts";
import type { OnnxGraph } from "./graph.ts";
import type { Layer, Shape, WeightTensor } from "./tensorflow.ts";

/** A value in the ONNX graph, and what is known about it. */
export interface Value {
  readonly name: string;
  /** The first axis is the batch. */
  readonly shape: Shape;
  /** The mask that goes with it, [batch, time]: 1 for time steps that count, 0 for padding. */
  readonly mask?: string | undefined;
}

/** One use of a layer, to be written down as operators. */
export interface LayerCall {
  readonly layer: Layer;
  /** What `layer.getConfig()` answers. */
  // biome-ignore lint/suspicious/noExplicitAny: each class has options of its own, which its exporter knows
  readonly config: any;
  readonly weights: readonly WeightTensor[];
  /** At least one. */
  readonly inputs: readonly Value[];
  readonly outputShapes: readonly Shape[];
  readonly graph: OnnxGraph;
  /** The outputs of another layer, for wrappers. */
  readonly apply: (layer: Layer, inputs: readonly Value[]) => readonly Value[];
}

/** Adds the operators of a layer to the graph and answers the names of its outputs. */
export type LayerExporter = (call: LayerCall) => string | readonly string[];

/** The input of a layer that has one. */
export function onlyInput(call: LayerCall): Value {
  const [input] = call.inputs;
  if (input === undefined || call.inputs.length > 1)
    throw refusal(call.layer, "one input is expected", "check the model");
  return input;
}

/** The error for a layer that has no ONNX form. */
export function refusal(layer: Layer, why: string, remedy: string): TidemarkError {
  const className = layer.getClassName();
  return new TidemarkError(
    "INVALID_PARAMETER_VALUE",
    `layer "${layer.name}" (${className}) cannot be exported to ONNX: ${why}; ${remedy}`,
    { details: { argument: "model", layer: layer.name, className } },
  );
}

/** Weight number `index` as a constant of the graph, the same one for every use of the layer. */
export function weightConstant(
  { graph, layer, weights }: Pick<LayerCall, "graph" | "layer" | "weights">,
  index: number,
  label: string,
  arrange: (values: Float32Array, shape: readonly number[]) => Arranged = (values, shape) => ({ values, shape }),
): string {
  return graph.shared(layer, label, () => {
    const weight = weights[index];
    if (weight === undefined) throw refusal(layer, `it has no ${label} yet`, "build the model first: call it once");
    const { values, shape } = arrange(floatsOf(weight), weight.shape);
    return graph.constant(label, values, shape);
  });
}

/** Values in the order and under the shape that ONNX wants. */
export interface Arranged {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** The values of a weight, not copied where they are float32. */
export function floatsOf(weight: WeightTensor): Float32Array {
  const values = weight.dataSync();
  return values instanceof Float32Array ? values : Float32Array.from(values);
}
