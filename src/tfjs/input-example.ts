import type { ModelData } from "../models/signature/infer-signature.ts";
import type { ShapedTensor, TensorData } from "../models/tensor-value.ts";
import type { Namespace, Tensor } from "./tensorflow.ts";

/** As many as MLflow keeps. */
const EXAMPLES = 5;

/** The first examples of what a model is trained on, by the names of its inputs. */
export function inputExampleOf(tf: Namespace, inputs: ReadonlyMap<string, Tensor>): ModelData | undefined {
  if (inputs.size === 0) return undefined;
  const examples = [...inputs].map(([name, tensor]) => [name, firstRows(tf, tensor)] as const);
  return examples.every(([, rows]) => rows !== undefined) ? (Object.fromEntries(examples) as ModelData) : undefined;
}

/** Cut by TensorFlow.js: reading a big tensor may copy all of it. */
function firstRows(tf: Namespace, tensor: Tensor): ShapedTensor | undefined {
  const { tidy, slice } = tf;
  const rows = Math.min(EXAMPLES, tensor.shape[0] ?? 0);
  const shape = [rows, ...tensor.shape.slice(1)];
  if (tidy === undefined || slice === undefined) return undefined;
  const begin = shape.map(() => 0);
  const data = tidy(() => slice(tensor, begin, shape).dataSync());
  return { data: data as TensorData, dims: shape };
}
