import { floatsOf, type LayerCall, type LayerExporter, onlyInput, refusal, weightConstant } from "../layer-call.ts";
import type { Shape } from "../tensorflow.ts";

export const batchNormalization: LayerExporter = (call) => {
  const { graph, layer, config, weights } = call;
  const x = onlyInput(call);
  if (axisFromFront(config.axis, x.shape) !== x.shape.length - 1)
    throw refusal(
      layer,
      "it normalizes along another axis than the last, where the backends of TensorFlow.js disagree with each other",
      "permute the axes before and after it",
    );
  const scaled = config.scale ? 1 : 0;
  const meanAt = scaled + (config.center ? 1 : 0);
  const scale = weightConstant(call, meanAt + 1, "scale", (variances, shape) => {
    const gamma = scaled && weights[0] ? floatsOf(weights[0]) : undefined;
    return { values: variances.map((variance, i) => (gamma?.[i] ?? 1) / Math.sqrt(variance + config.epsilon)), shape };
  });
  // The mean is taken off first: folded into the shift, a large mean would cost digits.
  const scaledUp = graph.op("Mul", [graph.op("Sub", [x.name, weightConstant(call, meanAt, "mean")]), scale]);
  return config.center ? graph.op("Add", [scaledUp, weightConstant(call, scaled, "beta")]) : scaledUp;
};

export const layerNormalization: LayerExporter = (call) => {
  const { config, graph } = call;
  const x = onlyInput(call);
  const rank = x.shape.length;
  const axes = [config.axis as number | number[]].flat().map((axis) => axisFromFront(axis, x.shape));
  const areLast = axes.every((axis, i) => axis === rank - axes.length + i);
  if (!areLast || !config.scale) return normalizeOverAxes(call, axes);
  const inputs = [
    x.name,
    weightConstant(call, 0, "gamma"),
    ...(config.center ? [weightConstant(call, 1, "beta")] : []),
  ];
  return graph.op("LayerNormalization", inputs, { axis: axes[0] as number, epsilon: { float: config.epsilon } });
};

function normalizeOverAxes(call: LayerCall, axes: readonly number[]): string {
  const { graph, config } = call;
  const x = onlyInput(call);
  const along = broadcastShape(x.shape, axes);
  const arrange = (values: Float32Array, shape: readonly number[]) => ({ values, shape: along ?? shape });
  const centered = graph.op("Sub", [x.name, graph.op("ReduceMean", [x.name], { axes, keepdims: 1 })]);
  const variance = graph.op("ReduceMean", [graph.op("Mul", [centered, centered])], { axes, keepdims: 1 });
  const deviation = graph.op("Sqrt", [graph.op("Add", [variance, graph.scalar("epsilon", config.epsilon)])]);
  let y = graph.op("Div", [centered, deviation]);
  if (config.scale) y = graph.op("Mul", [y, weightConstant(call, 0, "gamma", arrange)]);
  if (config.center) y = graph.op("Add", [y, weightConstant(call, config.scale ? 1 : 0, "beta", arrange)]);
  return y;
}

function axisFromFront(axis: number, shape: Shape): number {
  return axis < 0 ? axis + shape.length : axis;
}

/** The shape of weights along these axes, with 1 for the others; nothing for the last axis, where they fit as they are. */
function broadcastShape(shape: Shape, axes: readonly number[]): number[] | undefined {
  if (axes.length === 1 && axes[0] === shape.length - 1) return undefined;
  return shape.map((length, axis) => (axes.includes(axis) ? (length as number) : 1));
}
