import type { OnnxGraph } from "../graph.ts";
import { type LayerCall, type LayerExporter, onlyInput, refusal, weightConstant } from "../layer-call.ts";
import { permute } from "../permute.ts";
import { activate } from "./activations.ts";
import { withChannelsFirst } from "./channels.ts";
import { paddingOf, passedOver } from "./padding.ts";

/** Conv1D, Conv2D, Conv3D. */
export const convolution: LayerExporter = (call) => {
  const { layer, config } = call;
  const x = onlyInput(call);
  // Conv1D leaves it out of its config.
  const { dataFormat } = layer as { dataFormat?: unknown };
  if (x.shape.length === 3 && dataFormat === "channelsFirst")
    throw refusal(layer, "TensorFlow.js answers channels last where channels first was asked for", "permute around it");
  const dilations: readonly number[] = config.dilationRate;
  const kernel = weightConstant(call, 0, "kernel", (values, shape) => {
    // From [...space, in, out] to [out, in, ...space].
    const space = shape.slice(2).map((_, axis) => axis);
    return permute(values, shape, [shape.length - 1, shape.length - 2, ...space]);
  });
  return convolve(call, kernel, dilations);
};

export const depthwiseConvolution: LayerExporter = (call) => {
  // TensorFlow.js takes a dilation rate here, and does not use it.
  const dilations = [1, 1];
  const { kernel, group } = depthwiseKernel(call);
  return convolve(call, kernel, dilations, { group });
};

/** One convolution with its bias and activation, by a kernel in ONNX's order. */
function convolve(
  call: LayerCall,
  kernel: string,
  dilations: readonly number[],
  more: { group?: number } = {},
): string {
  const { graph, layer, config } = call;
  const x = onlyInput(call);
  const { padding, strides } = config;
  const bias = config.useBias ? [weightConstant(call, 1, "bias")] : [];
  const window = { padding, sizes: config.kernelSize, strides, dilations };
  const attributes = { ...more, strides, dilations, ...paddingOf(call, window) };
  const y = withChannelsFirst(graph, x.name, x.shape.length, config.dataFormat, (value) =>
    graph.op("Conv", [passedOver(call, window, value), kernel, ...bias], attributes),
  );
  return activate(graph, layer, config.activation, y);
}

/** SeparableConv2D: a depthwise convolution, then one of single pixels. */
export const separableConvolution: LayerExporter = (call) => {
  const { graph, layer, config } = call;
  const x = onlyInput(call);
  if (config.dataFormat === "channelsFirst" && config.useBias)
    throw refusal(layer, "TensorFlow.js adds the bias to the wrong axis with channels first", "use channels last");
  const { padding, strides } = config;
  const dilations: readonly number[] = config.dilationRate;
  const { kernel, group } = depthwiseKernel(call);
  const pointwise = weightConstant(call, 1, "pointwise_kernel", (values, shape) =>
    permute(values, shape, [3, 2, 0, 1]),
  );
  const bias = config.useBias ? [weightConstant(call, 2, "bias")] : [];
  const attributes = {
    group,
    strides,
    dilations,
    ...paddingOf(call, { padding, sizes: config.kernelSize, strides, dilations }),
  };
  // The activation runs on channels last whatever the format, as in TensorFlow.js: for softmax that is a difference.
  const y = withChannelsFirst(graph, x.name, x.shape.length, config.dataFormat, (value) =>
    graph.op("Conv", [graph.op("Conv", [value, kernel], attributes), pointwise, ...bias]),
  );
  if (config.dataFormat !== "channelsFirst") return activate(graph, layer, config.activation, y);
  return graph.transpose(activate(graph, layer, config.activation, graph.transpose(y, [0, 2, 3, 1])), [0, 3, 1, 2]);
};

function depthwiseKernel(call: LayerCall): { kernel: string; group: number } {
  const [, , channels = 1, multiplier = 1] = call.weights[0]?.shape ?? [];
  const kernel = weightConstant(call, 0, "depthwise_kernel", (values, shape) => {
    // From [h, w, in, multiplier] to [in * multiplier, 1, h, w].
    const arranged = permute(values, shape, [2, 3, 0, 1]);
    return { values: arranged.values, shape: [channels * multiplier, 1, ...shape.slice(0, 2)] };
  });
  return { kernel, group: channels };
}

/** Conv2DTranspose, Conv3DTranspose. */
export const transposedConvolution: LayerExporter = (call) => {
  const { graph, layer, config } = call;
  const x = onlyInput(call);
  const { padding } = config;
  const strides: readonly number[] = config.strides;
  const kernelSize: readonly number[] = config.kernelSize;
  if (padding !== "valid" && padding !== "same")
    throw refusal(layer, `its padding is "${padding}"`, "use valid or same");
  const kernel = weightConstant(call, 0, "kernel", (values, shape) => {
    // From [...space, out, in] to [in, out, ...space].
    const space = shape.slice(2).map((_, axis) => axis);
    return permute(values, shape, [shape.length - 1, shape.length - 2, ...space]);
  });
  const bias = config.useBias ? [weightConstant(call, 1, "bias")] : [];
  const surplus = kernelSize.map((size, i) => size - (strides[i] as number));
  const cut = surplus.map((length) => (padding === "same" ? Math.max(length, 0) : 0));
  const begins = cut.map((total) => Math.floor(total / 2));
  const missing = surplus.map((length) => Math.max(-length, 0));
  // In three dimensions TensorFlow.js has half of what a narrow kernel leaves empty before it, in two all of it behind.
  const isCentred = padding === "same" && x.shape.length === 5 && missing.some((length) => length > 0);
  const attributes = {
    strides,
    pads: [...begins, ...cut.map((total, i) => total - (begins[i] as number))],
    output_padding: isCentred ? missing.map(() => 0) : missing,
  };
  const wideKernel = isCentred ? surround(graph, kernel, missing) : kernel;
  const y = withChannelsFirst(graph, x.name, x.shape.length, config.dataFormat, (value) =>
    graph.op("ConvTranspose", [value, wideKernel, ...bias], attributes),
  );
  return activate(graph, layer, config.activation, y);
};

/** A kernel [in, out, ...space] with so many zeros around it, the odd one before it. */
function surround(graph: OnnxGraph, kernel: string, zeros: readonly number[]): string {
  const before = zeros.map((count) => Math.ceil(count / 2));
  const behind = zeros.map((count) => Math.floor(count / 2));
  return graph.op("Pad", [kernel, graph.integers("pads", [0, 0, ...before, 0, 0, ...behind])]);
}
