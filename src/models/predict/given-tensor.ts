import { invalidArgument, messageOf } from "../../base/errors.ts";
import { isTypedArray } from "../tensor-value.ts";
import { float16Value } from "./float16.ts";
import type { TensorForm, TfjsTensor } from "./predict-types.ts";

/** A tensor as it was given, before anything is checked against the model. */
export interface GivenTensor {
  readonly data: ArrayLike<unknown>;
  readonly dims: readonly number[];
  readonly terms: TensorForm;
  /** What a runtime's tensor says that its values are. */
  readonly dtype?: string | undefined;
}

/** No runtime takes more axes. A list that holds itself has no end of them. */
const MOST_AXES = 64;

export function isTfjsTensor(value: unknown): value is TfjsTensor {
  if (typeof value !== "object" || value === null || !("dataSync" in value) || !("shape" in value)) return false;
  return typeof value.dataSync === "function" && Array.isArray(value.shape) && "dtype" in value;
}

/** Looks at no values: a tensor of ONNX Runtime that lies on a GPU throws where they are read. */
function isShaped(value: unknown): value is { readonly dims: readonly number[]; readonly data: unknown } {
  return typeof value === "object" && value !== null && "dims" in value && "data" in value && Array.isArray(value.dims);
}

/** True for an object that is no tensor, no list and of no class: a row, or named tensors. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (isShaped(value) || isTfjsTensor(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Of another realm, too: its Object.prototype has no prototype either.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** True for what {@link readTensor} takes. Lists are tensors as long as they hold no objects with columns. */
export function isGivenTensor(value: unknown): boolean {
  if (Array.isArray(value)) return !value.some(isPlainObject);
  return isTypedArray(value) || isShaped(value) || isTfjsTensor(value);
}

/**
 * Reads a tensor in any of its forms.
 *
 * @param place of it, for the message
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for lists of different lengths, for shapes that do not fit, and
 * for all else
 */
export function readTensor(place: string, value: unknown): GivenTensor {
  if (isTypedArray(value)) return { data: value as ArrayLike<unknown>, dims: [value.length], terms: "typed" };
  if (Array.isArray(value)) return { ...flatten(place, value), terms: "nested" };
  if (isTfjsTensor(value)) return readTfjs(place, value);
  if (isShaped(value)) return readShaped(place, value);
  throw invalidArgument(place, value, "a typed array, nested arrays, { data, dims } or a runtime's tensor");
}

function readTfjs(place: string, tensor: TfjsTensor): GivenTensor {
  if (tensor.dtype.startsWith("complex")) throw invalidArgument(place, "a complex tensor", "a tensor of real numbers");
  try {
    return { data: tensor.dataSync(), dims: tensor.shape, terms: "shaped" };
  } catch (error) {
    throw invalidArgument(place, `a tensor that cannot be read: ${messageOf(error)}`, "a tensor that is not disposed");
  }
}

function readShaped(place: string, tensor: { readonly dims: readonly number[] }): GivenTensor {
  const { data, dtype } = dataOf(place, tensor);
  const { dims } = tensor;
  if (!isSizeOf(dims, data.length)) {
    throw invalidArgument(`${place}.dims`, dims.join(" x "), `lengths of ${data.length} values in all`);
  }
  return { data, dims, terms: "shaped", dtype };
}

function dataOf(place: string, tensor: object): Pick<GivenTensor, "data" | "dtype"> {
  const { data, type } = readMembers(place, tensor);
  if (!isTypedArray(data) && !Array.isArray(data))
    throw invalidArgument(`${place}.data`, data, "a typed array or a list");
  return { data: data as ArrayLike<unknown>, dtype: typeof type === "string" ? type : undefined };
}

function readMembers(place: string, tensor: { data?: unknown; type?: unknown }): { data: unknown; type: unknown } {
  try {
    return { data: tensor.data, type: tensor.type };
  } catch (error) {
    throw invalidArgument(place, `a tensor that cannot be read: ${messageOf(error)}`, "a tensor in memory");
  }
}

/** Whether a tensor of these lengths has so many values. */
export function isSizeOf(dims: readonly number[], valueCount: number): boolean {
  let size = 1;
  for (const length of dims) {
    if (!Number.isSafeInteger(length) || length < 0) return false;
    size *= length;
  }
  return size === valueCount;
}

/** The values as numbers where they are the bits of float16, else as they are. */
export function valuesOf({ data, dtype }: Pick<GivenTensor, "data" | "dtype">): ArrayLike<unknown> {
  return dtype === "float16" && data instanceof Uint16Array
    ? Float32Array.from(data, (bits) => float16Value(bits))
    : data;
}

function flatten(place: string, list: readonly unknown[]): { data: unknown[]; dims: number[] } {
  const dims: number[] = [];
  for (let first: unknown = list; Array.isArray(first) || isTypedArray(first); first = first[0]) {
    dims.push(first.length);
    if (dims.length > MOST_AXES) throw invalidArgument(place, list, `lists within at most ${MOST_AXES} lists`);
  }
  const data: unknown[] = [];
  const walk = (value: ArrayLike<unknown>, at: string, axis: number): void => {
    if (value.length !== dims[axis]) throw unequal(at, value, `${dims[axis]} values, as the first list there has`);
    const isInnermost = axis === dims.length - 1;
    for (let index = 0; index < value.length; index++) {
      const item = value[index];
      const isList = Array.isArray(item) || isTypedArray(item);
      if (isList === isInnermost) throw unequal(`${at}[${index}]`, item, isList ? "a value" : "a list");
      if (isList) walk(item as ArrayLike<unknown>, `${at}[${index}]`, axis + 1);
      else data.push(item);
    }
  };
  walk(list, place, 0);
  return { data, dims };
}

const unequal = (place: string, received: unknown, allowed: string) =>
  invalidArgument(place, received, `${allowed}: the lists of a tensor are of one length on each axis`);
