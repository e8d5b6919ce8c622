import { NAMES } from "./names.ts";
import type { CheckedOptions } from "./options.ts";
import type { OrtMetadata, OrtTensor, OrtValues } from "./ort-types.ts";
import type { SessionParts } from "./session-parts.ts";
import { keyOf } from "./session-place.ts";

// In words of lower case: what people call the numbers that a step of a training answers.
const USUAL_SCALAR =
  /\b(\w*loss(es)?|acc|accuracy|lr|learning rate|mse|mae|rmse|auc|precision|recall|perplexity|nll|grad(ient)? norm)\b/;

const FLOAT_TYPES: ReadonlySet<string> = new Set(["float32", "float64"]);

/** An output that is logged wherever it has one element. */
export interface ChosenScalar {
  readonly output: string;
  /** The metric it becomes, different for every output. */
  readonly key: string;
}

/** The outputs of a session that are logged. */
export function chosenScalars(
  choice: CheckedOptions["scalars"],
  { outputNames, outputMetadata, lossOutput }: SessionParts,
): ChosenScalar[] {
  const taken = new Set<string>(Object.values(NAMES).map(({ name }) => name));
  const keyFor = (output: string): string => {
    if (output === lossOutput || output === NAMES.trainLoss.name) return NAMES.trainLoss.name;
    const key = keyOf(output);
    let free = key;
    for (let number = 2; taken.has(free); number++) free = `${key}_${number}`;
    taken.add(free);
    return free;
  };
  return outputNames
    .filter(
      (output, index) =>
        (choice === "auto" && output === lossOutput) || isChosen(choice, output, outputMetadata?.[index]),
    )
    .map((output) => ({ output, key: keyFor(output) }));
}

/** @param metadata - Where the session has it: an output whose shape varies is no scalar, though a batch of one has one element. */
function isChosen(choice: CheckedOptions["scalars"], output: string, metadata: OrtMetadata | undefined): boolean {
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
  if (tensor.location !== undefined && !tensor.location.startsWith("cpu")) return undefined;
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
