import { type LayerExporter, onlyInput } from "../layer-call.ts";
import type { Shape } from "../tensorflow.ts";

/** Layers that do nothing once a model is trained. */
export const identity: LayerExporter = (call) => onlyInput(call).name;

/** A shape as Reshape takes it: the batch is copied from the input, one unknown length follows from the others. */
export function reshapeTarget(shape: Shape): number[] {
  return shape.map((length, axis) => (axis === 0 ? 0 : (length ?? -1)));
}

export const flatten: LayerExporter = (call) => {
  const { graph, config } = call;
  const { name, shape } = onlyInput(call);
  const axes = shape.map((_, axis) => axis);
  const channelsLast = config.dataFormat === "channelsFirst" ? [0, ...axes.slice(2), 1] : axes;
  return graph.reshape(graph.transpose(name, channelsLast), reshapeTarget(call.outputShapes[0] as Shape));
};

export const reshape: LayerExporter = (call) =>
  call.graph.reshape(onlyInput(call).name, reshapeTarget([null, ...(call.config.targetShape as Shape)]));

export const permuteAxes: LayerExporter = (call) =>
  call.graph.transpose(onlyInput(call).name, [0, ...(call.config.dims as number[])]);

export const repeatVector: LayerExporter = (call) => {
  const { graph, config } = call;
  const column = graph.unsqueeze(onlyInput(call).name, [1]);
  return graph.op("Tile", [column, graph.integers("repeats", [1, config.n, 1])]);
};

/** Sets time steps to zero in which every feature has the mask's value. The mask itself goes on with the value. */
export const masking: LayerExporter = (call) => {
  const { graph, config } = call;
  const x = onlyInput(call).name;
  const equal = graph.op("Equal", [x, graph.scalar("mask_value", config.maskValue)]);
  const kept = graph.cast(graph.op("Not", [equal]), "float32");
  return graph.op("Mul", [x, graph.op("ReduceMax", [kept], { axes: [-1], keepdims: 1 })]);
};
