import type { Namespace, Tensor } from "./tensorflow.ts";

/** As many as MLflow keeps. */
const EXAMPLES = 5;

/**
 * The first examples of what a model is trained on, in the form that MLflow's servers take: `{ inputs }`, nested arrays, by name where there
 * are several inputs.
 */
export function inputExampleOf(tf: Namespace, inputs: ReadonlyMap<string, Tensor>): object | undefined {
  if (inputs.size === 0) return undefined;
  const examples = [...inputs].map(([name, tensor]) => [name, firstRows(tf, tensor)] as const);
  return { inputs: examples.length === 1 ? examples[0]?.[1] : Object.fromEntries(examples) };
}

/** Cut by TensorFlow.js: reading a big tensor may copy all of it. */
function firstRows(tf: Namespace, tensor: Tensor): unknown {
  const { tidy, slice } = tf;
  const rows = Math.min(EXAMPLES, tensor.shape[0] ?? 0);
  const shape = [rows, ...tensor.shape.slice(1)];
  if (tidy === undefined || slice === undefined) return undefined;
  const begin = shape.map(() => 0);
  const values = tidy(() => Array.from(slice(tensor, begin, shape).dataSync()));
  return nested(values, shape);
}

function nested(values: readonly number[], shape: readonly number[]): unknown {
  const [length = 0, ...inner] = shape;
  if (inner.length === 0) return values;
  const size = inner.reduce((product, extent) => product * extent, 1);
  return Array.from({ length }, (_, index) => nested(values.slice(index * size, (index + 1) * size), inner));
}
