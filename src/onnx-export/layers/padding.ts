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
export function paddingOf(call: LayerCall, { padding, sizes, strides, dilations }: Window): Attributes {
  const { layer, config } = call;
  const { shape } = onlyInput(call);
  if (padding === "valid") return {};
  if (padding !== "same") throw refusal(layer, `its padding is "${padding}"`, "use valid or same");
  const totals = spaceAxes(shape.length, config.dataFormat).map((axis, i) => {
    const [stride, length] = [strides[i] as number, shape[axis]];
    const reach = ((sizes[i] as number) - 1) * (dilations[i] as number) + 1;
    if (stride === 1 || reach === 1) return reach - 1;
    if (length === null || length === undefined) return undefined;
    return Math.max((Math.ceil(length / stride) - 1) * stride + reach - length, 0);
  });
  if (totals.every((total) => total !== undefined)) {
    const begins = totals.map((total) => Math.floor(total / 2));
    return { pads: [...begins, ...totals.map((total, i) => total - (begins[i] as number))] };
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
