import { invalidArgument } from "../base/errors.ts";

/** The typed arrays that NumPy has a dtype for. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** What the values of a tensor are kept in. */
export type TensorData = TypedArray | readonly string[] | readonly boolean[] | readonly number[] | readonly bigint[];

/** Values in C order and the lengths of the axes. ONNX Runtime's tensors are of this form. */
export interface ShapedTensor {
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** Lists of lists of one length each, with numbers, bigints, booleans, texts or typed arrays innermost. */
export type NestedArray = readonly (number | bigint | boolean | string | TypedArray | NestedArray)[];

/** A tensor as a caller may give it. Typed arrays have one axis, and say what their values are. */
export type TensorValue = TensorData | ShapedTensor | NestedArray;

/** What is known of a tensor. */
export interface TensorFacts {
  /** NumPy's name. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

const DTYPES: Readonly<Record<string, string>> = {
  Float32Array: "float32",
  Float64Array: "float64",
  Int8Array: "int8",
  Int16Array: "int16",
  Int32Array: "int32",
  BigInt64Array: "int64",
  Uint8Array: "uint8",
  Buffer: "uint8",
  Uint8ClampedArray: "uint8",
  Uint16Array: "uint16",
  Uint32Array: "uint32",
  BigUint64Array: "uint64",
};

// Numbers without a type are what the models of JavaScript's frameworks take: float32.
const DTYPES_OF_VALUES: Readonly<Record<string, string>> = {
  number: "float32",
  bigint: "int64",
  boolean: "bool",
  string: "str",
};

export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

export function isShapedTensor(value: unknown): value is ShapedTensor {
  if (typeof value !== "object" || value === null || !("dims" in value) || !("data" in value)) return false;
  return Array.isArray(value.dims) && (isTypedArray(value.data) || Array.isArray(value.data));
}

/** True for what may be a tensor: typed arrays, lists that hold no objects, values with their shape. */
export function isTensorValue(value: unknown): value is TensorValue {
  return isTypedArray(value) || isShapedTensor(value) || (Array.isArray(value) && !holdsObjects(value));
}

const holdsObjects = (list: readonly unknown[]) =>
  list.some((item) => item === null || (typeof item === "object" && !Array.isArray(item) && !isTypedArray(item)));

/**
 * The dtype and shape of a tensor.
 *
 * @param name of the tensor, for the message
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for lists of different lengths or kinds, and for none at all
 */
export function tensorFacts(name: string, value: TensorValue): TensorFacts {
  if (isTypedArray(value)) return { dtype: dtypeOf(value), shape: [value.length] };
  if (isShapedTensor(value)) return shapedFacts(name, value);
  const leaves = { dtype: undefined as string | undefined };
  const shape = nestedShape(name, value as NestedArray, leaves);
  if (leaves.dtype === undefined)
    throw invalidArgument(name, value, "a tensor with values: without, its type is unknown");
  return { dtype: leaves.dtype, shape };
}

function shapedFacts(name: string, { data, dims }: ShapedTensor): TensorFacts {
  const size = dims.reduce((product, length) => product * length, 1);
  if (!dims.every((length) => Number.isSafeInteger(length) && length >= 0) || data.length !== size) {
    throw invalidArgument(
      `${name}.dims`,
      dims.join(" x "),
      `lengths whose product is the number of values, ${data.length}`,
    );
  }
  const { dtype } = isTypedArray(data) ? { dtype: dtypeOf(data) } : tensorFacts(name, data);
  return { dtype, shape: dims };
}

function dtypeOf(array: object): string {
  // The name of a class in another realm is the same; `instanceof` would fail there.
  const dtype = DTYPES[array.constructor.name];
  if (dtype === undefined) throw invalidArgument("tensor", array, "a typed array that NumPy has a dtype for");
  return dtype;
}

function nestedShape(name: string, list: NestedArray, leaves: { dtype: string | undefined }): number[] {
  let inner: readonly number[] | undefined;
  for (const item of list) {
    const shape =
      Array.isArray(item) || isTypedArray(item) ? innerShape(name, item, leaves) : leafShape(name, item, leaves);
    inner ??= shape;
    if (shape.length !== inner.length || shape.some((length, axis) => length !== inner?.[axis])) {
      throw invalidArgument(name, list, "lists of one length on each axis");
    }
  }
  return [list.length, ...(inner ?? [])];
}

function innerShape(
  name: string,
  item: NestedArray | object,
  leaves: { dtype: string | undefined },
): readonly number[] {
  if (Array.isArray(item)) return nestedShape(name, item, leaves);
  const { dtype, shape } = tensorFacts(name, item as TensorValue);
  agree(name, dtype, leaves);
  return shape;
}

function leafShape(name: string, item: unknown, leaves: { dtype: string | undefined }): readonly number[] {
  const dtype = DTYPES_OF_VALUES[typeof item];
  if (dtype === undefined) throw invalidArgument(name, item, "a number, bigint, boolean or text in a tensor");
  agree(name, dtype, leaves);
  return [];
}

function agree(name: string, dtype: string, leaves: { dtype: string | undefined }): void {
  leaves.dtype ??= dtype;
  if (leaves.dtype !== dtype) throw invalidArgument(name, `${leaves.dtype} and ${dtype}`, "values of one type");
}
