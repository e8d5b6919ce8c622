import { type LayerCall, onlyInput, refusal } from "../layer-call.ts";
import type { Attributes } from "../onnx-messages.ts";
import { spaceAxes } from "./channels.ts";

/** What slides over the space of an input, one number for each of its axes. */
export interface Window {
  readonly padding: string;
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** `same` pads as much as ceil(length / stride) windows need, the odd one at the end. */
export function paddingOf(call: LayerCall, window: Window): Attributes {
  const { layer } = call;
  const { padding, sizes, strides, dilations } = window;
  if (padding === "valid") return {};
  if (padding !== "same") throw refusal(layer, `its padding is "${padding}"`, "use valid or same");
  const totals = missingLengths(call, window);
  if (totals.every((total) => total !== undefined)) {
    const pads = totals.map((total) => Math.max(total, 0));
    const begins = pads.map((total) => Math.floor(total / 2));
    return { pads: [...begins, ...pads.map((total, i) => total - (begins[i] as number))] };
  }
  // ONNX Runtime calculates it from lengths that are known when it runs, except with dilations and wide strides.
  const itCan = sizes.every((size, i) => dilations[i] === 1 && size >= (strides[i] as number));
  if (itCan) return { auto_pad: "SAME_UPPER" };
  throw refusal(
    layer,
    "padding same with a dilation, or a stride wider than the window, depends on lengths that are not known",
    "give the input a shape without null",
  );
}

/**
 * What the windows of `same` pass over at the beginning. In three dimensions, where strides are wider than windows, TensorFlow.js
 * takes half of the length that no window needs for a padding below 0; in two it begins with the first pixel.
 *
 * @param value - [batch, channels, ...space]
 */
export function passedOver(call: LayerCall, window: Window, value: string): string {
  if (window.padding !== "same") return value;
  const begins = missingLengths(call, window).map((total = 0) => Math.max(Math.ceil(-total / 2), 0));
  if (begins.every((begin) => begin === 0)) return value;
  const { graph } = call;
  const axes = begins.map((_, i) => i + 2);
  return graph.op("Slice", [
    value,
    graph.integers("starts", begins),
    graph.integers(
      "ends",
      begins.map(() => 2n ** 63n - 1n),
    ),
    graph.integers("axes", axes),
  ]);
}

/** By how much the windows of `same` reach beyond each axis, below 0 where they need less of it; `undefined` where that isn't known. */
function missingLengths(call: LayerCall, { sizes, strides, dilations }: Window): (number | undefined)[] {
  const { shape } = onlyInput(call);
  const least = shape.length === THREE_DIMENSIONS ? Number.NEGATIVE_INFINITY : 0;
  return spaceAxes(shape.length, call.config.dataFormat).map((axis, i) => {
    const [stride, length] = [strides[i] as number, shape[axis]];
    const reach = ((sizes[i] as number) - 1) * (dilations[i] as number) + 1;
    if (stride === 1 || (reach === 1 && least === 0)) return reach - 1;
    if (length === null || length === undefined) return undefined;
    return Math.max((Math.ceil(length / stride) - 1) * stride + reach - length, least);
  });
}

/** Rank of an input with batch and channels. */
const THREE_DIMENSIONS = 5;
