import type { OnnxGraph } from "../graph.ts";
import { type LayerExporter, onlyInput, refusal } from "../layer-call.ts";
import { refuseMask } from "../masks.ts";
import type { Layer } from "../tensorflow.ts";

type ActivationExporter = (graph: OnnxGraph, x: string) => string;

const unary =
  (operator: string): ActivationExporter =>
  (graph, x) =>
    graph.op(operator, [x]);

/** Activation functions of TensorFlow.js by the names configs have for them. */
export const ACTIVATIONS: Readonly<Record<string, ActivationExporter>> = {
  linear: (_, x) => x,
  elu: (graph, x) => graph.op("Elu", [x], { alpha: { float: 1 } }),
  selu: unary("Selu"),
  relu: unary("Relu"),
  relu6: (graph, x) => graph.op("Clip", [x, graph.scalar("zero", 0), graph.scalar("six", 6)]),
  sigmoid: unary("Sigmoid"),
  hardSigmoid: (graph, x) => graph.op("HardSigmoid", [x], { alpha: { float: 0.2 }, beta: { float: 0.5 } }),
  softplus: unary("Softplus"),
  softsign: unary("Softsign"),
  tanh: unary("Tanh"),
  softmax: (graph, x) => graph.op("Softmax", [x], { axis: -1 }),
  logSoftmax: (graph, x) => graph.op("LogSoftmax", [x], { axis: -1 }),
  gelu(graph, x) {
    const erf = graph.op("Erf", [graph.op("Mul", [x, graph.scalar("sqrt_half", Math.SQRT1_2)])]);
    return half(graph, x, graph.op("Add", [erf, graph.scalar("one", 1)]));
  },
  gelu_new(graph, x) {
    const cube = graph.op("Mul", [graph.op("Mul", [x, x]), x]);
    const sum = graph.op("Add", [x, graph.op("Mul", [cube, graph.scalar("cubic", 0.044715)])]);
    const tanh = graph.op("Tanh", [graph.op("Mul", [sum, graph.scalar("scale", Math.sqrt(2 / Math.PI))])]);
    return half(graph, x, graph.op("Add", [tanh, graph.scalar("one", 1)]));
  },
  mish: (graph, x) => graph.op("Mul", [x, graph.op("Tanh", [graph.op("Softplus", [x])])]),
  swish: (graph, x) => graph.op("Mul", [x, graph.op("Sigmoid", [x])]),
};

function half(graph: OnnxGraph, x: string, factor: string): string {
  return graph.op("Mul", [graph.op("Mul", [x, factor]), graph.scalar("half", 0.5)]);
}

/** Applies an activation as a config names it: a string, an object with a class name, or none. */
export function activate(graph: OnnxGraph, layer: Layer, activation: unknown, x: string): string {
  const name = activationName(activation);
  const write = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (write === undefined)
    throw refusal(layer, `its activation ${JSON.stringify(name)} is not one of TensorFlow.js`, "use one that is");
  return write(graph, x);
}

export function activationName(activation: unknown): string {
  if (activation === undefined || activation === null) return "linear";
  if (typeof activation === "string") return activation;
  const { className } = activation as { className?: unknown };
  return String(className);
}

export const activation: LayerExporter = (call) =>
  activate(call.graph, call.layer, call.config.activation, onlyInput(call).name);

export const relu: LayerExporter = (call) => {
  const { graph, config } = call;
  const x = onlyInput(call).name;
  if (config.maxValue === undefined || config.maxValue === null) return graph.op("Relu", [x]);
  return graph.op("Clip", [x, graph.scalar("min", 0), graph.scalar("max", config.maxValue)]);
};

export const leakyRelu: LayerExporter = (call) =>
  call.graph.op("LeakyRelu", [onlyInput(call).name], { alpha: { float: call.config.alpha } });

export const elu: LayerExporter = (call) =>
  call.graph.op("Elu", [onlyInput(call).name], { alpha: { float: call.config.alpha } });

export const thresholdedRelu: LayerExporter = (call) => {
  const { graph } = call;
  const x = onlyInput(call).name;
  const passes = graph.op("Greater", [x, graph.scalar("theta", call.config.theta)]);
  return graph.op("Mul", [x, graph.cast(passes, "float32")]);
};

export const softmax: LayerExporter = (call) => {
  const { graph, layer, config } = call;
  const x = onlyInput(call);
  refuseMask(call, "softmax without the masked positions");
  const axes: readonly number[] = Array.isArray(config.axis) ? config.axis : [config.axis];
  if (axes.length > 1) {
    const total = graph.op("ReduceLogSumExp", [x.name], { axes, keepdims: 1 });
    return graph.op("Exp", [graph.op("Sub", [x.name, total])]);
  }
  const [axis = -1] = axes;
  if (axis !== -1 && axis !== x.shape.length - 1)
    throw refusal(layer, `TensorFlow.js itself runs softmax only over the last axis, not ${axis}`, "permute before it");
  return graph.op("Softmax", [x.name], { axis });
};
