import type { OnnxGraph } from "./graph.ts";
import { type LayerCall, refusal, type Value } from "./layer-call.ts";
import type { Layer } from "./tensorflow.ts";

/** Classes of layers that answer something else where there is a mask. */
export const MASK_READERS: ReadonlySet<string> = new Set([
  ...["SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "TimeDistributed", "Softmax"],
  ...["Model", "Functional", "Sequential"],
]);

const RECURRENT: ReadonlySet<string> = new Set(["SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional"]);

/** The mask that goes with what a layer answers. */
// biome-ignore lint/suspicious/noExplicitAny: each class has options of its own
export function maskAfter(graph: OnnxGraph, layer: Layer, config: any, inputs: readonly Value[]): string | undefined {
  const className = layer.getClassName();
  const [first] = inputs as [Value, ...Value[]];
  if (className === "Embedding" && config.maskZero === true) return unlike(graph, first.name, 0);
  if (className === "Masking") {
    const kept = unlike(graph, first.name, config.maskValue);
    return graph.op("ReduceMax", [kept], { axes: [-1], keepdims: 0 });
  }
  if (layer.supportsMasking !== true || inputs.every(({ mask }) => mask === undefined)) return undefined;
  if (RECURRENT.has(className)) {
    const { returnSequences } = (layer as { forwardLayer?: Layer }).forwardLayer?.getConfig() ?? config;
    return returnSequences ? first.mask : undefined;
  }
  if (inputs.length === 1) return first.mask;
  throw refusal(layer, "masks reach it, which it would have to merge", "merge before masking");
}

/** 1 where a value is not this number, else 0. */
function unlike(graph: OnnxGraph, value: string, number: number): string {
  const float = graph.cast(value, "float32");
  return graph.cast(graph.op("Not", [graph.op("Equal", [float, graph.scalar("mask_value", number)])]), "float32");
}

/** For layers that would have to look at a mask. */
export function refuseMask({ layer, inputs }: Pick<LayerCall, "layer" | "inputs">, what: string): void {
  if (inputs.some(({ mask }) => mask !== undefined))
    throw refusal(
      layer,
      `a mask reaches it (from a Masking layer, or an Embedding with maskZero), and ${what} is not exported`,
      "train without the mask, or cut the sequences to their lengths",
    );
}

/**
 * TensorFlow.js hands a mask that it has come across on to every later layer, those without a mask of their own too. A model in which
 * that could change an answer is refused: which layers are later depends on its own sorting.
 */
export class MaskLedger {
  #hasMask = false;
  #unmaskedReader: Layer | undefined;

  note(layer: Layer, inputs: readonly Value[], mask: string | undefined): void {
    this.#hasMask ||= mask !== undefined;
    if (MASK_READERS.has(layer.getClassName()) && inputs.every((input) => input.mask === undefined))
      this.#unmaskedReader ??= layer;
  }

  check(): void {
    if (this.#hasMask && this.#unmaskedReader !== undefined)
      throw refusal(
        this.#unmaskedReader,
        "another layer of the model has a mask, which TensorFlow.js may hand to this one too",
        "train without masks",
      );
  }
}
