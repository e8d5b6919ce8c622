import type { CheckedAutologOptions } from "./options.ts";
import { isTensor, type Model, type Namespace, type Tensor, type Tensors } from "./tensorflow.ts";

type ChosenOptions = Exclude<CheckedAutologOptions["confusionMatrix"], false>;

/** Examples and what they are. */
export interface LabelledData {
  readonly x: Tensors;
  readonly y: unknown;
}

/** How often which class was taken for which: a row for each true class, a column for each that the model saw in it. */
export interface ConfusionMatrix {
  readonly labels: readonly string[];
  readonly counts: readonly (readonly number[])[];
}

const DEFAULT_MAX_EXAMPLES = 10_000;
const BINARY_THRESHOLD = 0.5;

/**
 * Counts what a classifier takes for what.
 *
 * @throws {Error} where the model has several inputs or outputs, or the data is no classes
 */
export function confusionMatrix(
  tf: Namespace,
  model: Model,
  { x, y }: LabelledData,
  chosen: ChosenOptions,
): ConfusionMatrix {
  const { labels, maxExamples } = chosen === true ? { labels: undefined, maxExamples: DEFAULT_MAX_EXAMPLES } : chosen;
  const { tidy } = tf;
  const target = Array.isArray(y) ? y[0] : y;
  const input = Array.isArray(x) ? x[0] : x;
  if (!isTensor(input) || !isTensor(target) || model.outputs.length !== 1 || tidy === undefined) {
    throw new Error("needs a model with one input and one output, and its data as tensors");
  }
  const [actual, predicted, outputs] = tidy(() => {
    const prediction = model.predict(firstRows(tf, input, maxExamples)) as Tensor;
    return [
      classesOf(tf, firstRows(tf, target, maxExamples)),
      classesOf(tf, prediction),
      prediction.shape.at(-1) ?? 1,
    ] as const;
  });
  const classes = Math.max(outputs, 2, labels?.length ?? 0);
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const [index, row] of actual.entries()) {
    const counted = counts[row];
    const column = predicted[index];
    if (counted === undefined || column === undefined) throw new Error(`class ${row} is none of ${classes}`);
    counted[column] = (counted[column] ?? 0) + 1;
  }
  return { labels: counts.map((_, index) => labels?.[index] ?? String(index)), counts };
}

function firstRows(tf: Namespace, tensor: Tensor, rows: number): Tensor {
  const [length = 0, ...inner] = tensor.shape;
  if (length <= rows || tf.slice === undefined) return tensor;
  return tf.slice(tensor, [0, ...inner.map(() => 0)], [rows, ...inner]);
}

/** Of one-hot rows or probabilities the largest, of one number for each example whether it is one, or the class itself. */
function classesOf(tf: Namespace, tensor: Tensor): readonly number[] {
  const width = tensor.shape.length > 1 ? (tensor.shape.at(-1) ?? 1) : 1;
  if (width > 1) {
    if (tf.argMax === undefined) throw new Error("this TensorFlow.js has no argMax");
    return Array.from(tf.argMax(tensor, -1).dataSync());
  }
  return Array.from(tensor.dataSync(), (value) => (Number.isInteger(value) ? value : Number(value > BINARY_THRESHOLD)));
}
