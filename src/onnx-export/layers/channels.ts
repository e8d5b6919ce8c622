import type { OnnxGraph } from "../graph.ts";

/** The axis order from [batch, ...space, channels] to ONNX's [batch, channels, ...space], or back. */
function order(rank: number, direction: "first" | "last"): number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return direction === "first" ? [0, rank - 1, ...axes.slice(1, -1)] : [0, ...axes.slice(2), 1];
}

/**
 * Runs operators on [batch, channels, ...space], as ONNX's convolutions want it, and gives the result in the layer's layout.
 * Pairs of transpositions between two such layers are taken out by the runtime.
 */
export function withChannelsFirst(
  graph: OnnxGraph,
  value: string,
  rank: number,
  dataFormat: unknown,
  body: (value: string) => string,
): string {
  if (dataFormat === "channelsFirst") return body(value);
  return graph.transpose(body(graph.transpose(value, order(rank, "first"))), order(rank, "last"));
}

/** Axes of the space of an input: [1, 2] of NHWC, [2, 3] of NCHW. */
export function spaceAxes(rank: number, dataFormat: unknown): number[] {
  const first = dataFormat === "channelsFirst" ? 2 : 1;
  return Array.from({ length: rank - 2 }, (_, axis) => first + axis);
}
