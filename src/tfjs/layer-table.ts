import type { Layer, Model } from "./tensorflow.ts";

/** A row for each layer of a model. */
export function layerRows(model: Model): readonly Record<string, string | number | boolean>[] {
  return model.layers.map((layer) => ({
    name: layer.name,
    type: layer.getClassName(),
    output_shape: shapeOf(layer),
    params: layer.countParams(),
    trainable: layer.trainable,
  }));
}

/** A layer that is used several times has no one shape, and says so by throwing. */
function shapeOf(layer: Layer): string {
  try {
    return JSON.stringify(layer.outputShape);
  } catch {
    return "multiple";
  }
}

/** `model.summary()` as text. */
export function summaryText(model: Model): string {
  const lines: string[] = [];
  model.summary(undefined, undefined, (line = "") => lines.push(line));
  return `${lines.join("\n")}\n`;
}
