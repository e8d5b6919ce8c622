import type { CheckedOptions } from "./options.ts";
import type { OrtMetadata, OrtTensor, OrtValues } from "./ort-types.ts";

// In words of lower case: what people call the numbers that a step of a training answers.
const USUAL_SCALAR =
  /\b(\w*loss(es)?|acc|accuracy|lr|learning rate|mse|mae|rmse|auc|precision|recall|perplexity|nll|grad(ient)? norm)\b/;

const FLOAT_TYPES: ReadonlySet<string> = new Set(["float32", "float64"]);

/**
 * Whether an output is logged as a metric wherever it has one element.
 *
 * @param metadata - Of the output, where the session has it: one whose shape varies is no scalar, though a batch of one has one element.
 */
export function isChosen(
  choice: CheckedOptions["scalars"],
  output: string,
  metadata: OrtMetadata | undefined,
): boolean {
  if (typeof choice === "function") return choice(output) === true;
  if (choice !== "auto") return choice.includes(output);
  if (!USUAL_SCALAR.test(wordsOf(output))) return false;
  if (metadata === undefined) return true;
  return metadata.isTensor && FLOAT_TYPES.has(metadata.type) && metadata.shape.every((length) => length === 1);
}

/** `train/top1Accuracy_2` as `train top accuracy`. */
function wordsOf(name: string): string {
  return name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[^a-zA-Z]+/g, " ")
    .toLowerCase();
}

/**
 * The number in a tensor with one element; `undefined` where there is none, or where it lies on a device.
 *
 * @param onlyFloats - Leaves out whole numbers, which are more often counts and classes than measures.
 */
export function scalarOf(value: unknown, onlyFloats: boolean): number | undefined {
  const tensor = value as OrtTensor | undefined | null;
  if (tensor?.size !== 1) return undefined;
  if (onlyFloats && !FLOAT_TYPES.has(tensor.type)) return undefined;
  const { data } = tensor;
  // Halves come as their bits from runtimes that have no Float16Array.
  if (!ArrayBuffer.isView(data) || (tensor.type === "float16" && data instanceof Uint16Array)) return undefined;
  return Number((data as unknown as ArrayLike<number | bigint>)[0]);
}

/**
 * Whether a run answers a tensor that its caller brought along, with nothing in it: onnxruntime-web takes such tensors, and leaves them as
 * they were.
 */
export function isLeftEmpty(fetches: unknown, output: string, value: unknown, number: number): boolean {
  if (number !== 0 || typeof fetches !== "object" || fetches === null || Array.isArray(fetches)) return false;
  return (fetches as OrtValues)[output] === value;
}
