import type { OnnxGraph } from "../graph.ts";
import { type LayerExporter, onlyInput, refusal, type Value } from "../layer-call.ts";
import { MASK_READERS, refuseMask } from "../masks.ts";
import type { Layer, Shape } from "../tensorflow.ts";
import { runLayer, sequence } from "./recurrent.ts";

/** A layer that wraps others. */
interface Wrapper extends Layer {
  readonly layer?: Layer;
  readonly forwardLayer?: Layer;
  readonly backwardLayer?: Layer;
}

/** Every time step is an example of the inner layer's. */
export const timeDistributed: LayerExporter = (call) => {
  const { graph, layer } = call;
  const x = onlyInput(call);
  const inner = (layer as Wrapper).layer;
  if (inner === undefined) throw refusal(layer, "it has no layer inside", "check the model");
  if (MASK_READERS.has(inner.getClassName())) refuseMask(call, "a mask inside TimeDistributed");
  const [batch = null, time = null, ...rest] = x.shape;
  const examples = batch === null || time === null ? null : batch * time;
  const folded = graph.op("Reshape", [x.name, targetShape(graph, [], rest)]);
  const [result] = call.apply(inner, [{ name: folded, shape: [examples, ...rest] }]) as [Value];
  const leading = graph.op("Slice", [
    graph.op("Shape", [x.name]),
    graph.integers("starts", [0]),
    graph.integers("ends", [2]),
  ]);
  return graph.op("Reshape", [result.name, targetShape(graph, [leading], result.shape.slice(1))]);
};

/** A shape for Reshape: lengths that are calculated, or one that follows from the others, then lengths that are known. */
function targetShape(graph: OnnxGraph, leading: readonly string[], rest: Shape): string {
  // An unknown length behind the time would be a second one to be found out.
  const known = rest.map((length) => length ?? (leading.length > 0 ? -1 : 0));
  if (leading.length === 0) return graph.integers("shape", [-1, ...known]);
  return known.length === 0
    ? (leading[0] as string)
    : graph.op("Concat", [...leading, graph.integers("rest", known)], { axis: 0 });
}

export const bidirectional: LayerExporter = (call) => {
  const { graph, layer, config } = call;
  const { forwardLayer, backwardLayer } = layer as Wrapper;
  if (forwardLayer === undefined || backwardLayer === undefined)
    throw refusal(layer, "it has no layers inside", "check the model");
  const [x, ...initial] = call.inputs as [Value, ...Value[]];
  const half = initial.length / 2;
  const run = (inner: Layer, states: readonly Value[]) => {
    const innerCall = { ...call, layer: inner, config: inner.getConfig(), weights: inner.getWeights() };
    return { ...runLayer(innerCall, x, states), config: innerCall.config };
  };
  const there = run(forwardLayer, initial.slice(0, half));
  const back = run(backwardLayer, initial.slice(half));
  const { returnSequences, returnState } = there.config;
  // A layer that runs backwards answers the last step first, and TensorFlow.js turns round whatever the second one answers.
  const outputOf = ({ steps, states, config }: typeof there, isTurned: boolean) =>
    returnSequences ? sequence(graph, steps, Boolean(config.goBackwards) !== isTurned) : (states[0] as string);
  const merged = mergeDirections(graph, config.mergeMode, [outputOf(there, false), outputOf(back, true)]);
  return returnState ? [...merged, ...there.states, ...back.states] : merged;
};

function mergeDirections(graph: OnnxGraph, mode: unknown, [there, back]: [string, string]): string[] {
  switch (mode) {
    case "concat":
      return [graph.op("Concat", [there, back], { axis: -1 })];
    case "sum":
      return [graph.op("Add", [there, back])];
    case "ave":
      return [graph.op("Mul", [graph.op("Add", [there, back]), graph.scalar("half", 0.5)])];
    case "mul":
      return [graph.op("Mul", [there, back])];
    default:
      return [there, back];
  }
}
