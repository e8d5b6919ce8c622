import { type LayerCall, type LayerExporter, refusal, type Value } from "../layer-call.ts";

const elementwise =
  (operator: "Add" | "Mul" | "Max" | "Min"): LayerExporter =>
  (call) =>
    sameRank(call).reduce((left, right) => call.graph.op(operator, [left, right]));

export const add = elementwise("Add");
export const multiply = elementwise("Mul");
export const maximum = elementwise("Max");
export const minimum = elementwise("Min");

export const average: LayerExporter = (call) => {
  const { graph, inputs } = call;
  const sum = sameRank(call).reduce((left, right) => graph.op("Add", [left, right]));
  return graph.op("Mul", [sum, graph.scalar("share", 1 / inputs.length)]);
};

/** Inputs with fewer axes get axes of length 1 behind the batch. */
function sameRank({ graph, inputs }: LayerCall): string[] {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  return inputs.map(({ name, shape }) => {
    const axes = Array.from({ length: rank - shape.length }, (_, i) => i + 1);
    return axes.length === 0 ? name : graph.unsqueeze(name, axes);
  });
}

export const concatenate: LayerExporter = ({ graph, config, inputs }) =>
  graph.op(
    "Concat",
    inputs.map(({ name }) => name),
    { axis: config.axis },
  );

/** What TensorFlow.js adds under the root when it normalizes. */
const SMALLEST_SQUARE = 1e-7;

export const dot: LayerExporter = (call) => {
  const { graph, layer, config, inputs } = call;
  const [left, right] = inputs as [Value, Value];
  const axes = [config.axes as number | number[]].flat();
  const leftAxis = fromFront(axes[0] as number, left);
  const rightAxis = fromFront(axes.at(-1) as number, right);
  if (leftAxis === 0 || rightAxis === 0) throw refusal(layer, "it sums over the batch", "use axes from 1");
  const normalize = ({ name }: Value, axis: number): string => {
    if (!config.normalize) return name;
    const squares = graph.op("ReduceSum", [graph.op("Mul", [name, name]), graph.integers("axes", [axis])]);
    return graph.op("Div", [
      name,
      graph.op("Sqrt", [graph.op("Max", [squares, graph.scalar("least", SMALLEST_SQUARE)])]),
    ]);
  };
  const x = normalize(left, leftAxis);
  const y = normalize(right, rightAxis);
  if (left.shape.length === 2 && right.shape.length === 2)
    return graph.op("ReduceSum", [graph.op("Mul", [x, y]), graph.integers("axes", [1])]);
  // A vector is multiplied as a row from the left, as a column from the right.
  const rows = left.shape.length === 2 ? graph.unsqueeze(x, [1]) : leftAxis === 2 ? x : graph.transpose(x, [0, 2, 1]);
  const columns =
    right.shape.length === 2 ? graph.unsqueeze(y, [2]) : rightAxis === 1 ? y : graph.transpose(y, [0, 2, 1]);
  const product = graph.op("MatMul", [rows, columns]);
  if (left.shape.length === 2) return graph.squeeze(product, [1]);
  return right.shape.length === 2 ? graph.squeeze(product, [2]) : product;
};

function fromFront(axis: number, { shape }: Value): number {
  return axis < 0 ? axis + shape.length : axis;
}
