import { createHash } from "node:crypto";
import { invalidArgument } from "../../base/errors.ts";
import { type DataDescription, shortened } from "./description.ts";

/** The values of a tensor. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A tensor as nested arrays of equal length. */
export type NestedNumbers = readonly (number | boolean | NestedNumbers)[];

/** A tensor in any of the forms programs have them: `dataSync` is TF.js, `data` ONNX Runtime and plain objects. */
export type TensorData =
  | TypedArray
  | NestedNumbers
  | { readonly shape: readonly number[]; readonly dtype: string; dataSync(): TypedArray | readonly string[] }
  | {
      readonly shape?: readonly number[];
      readonly dims?: readonly number[];
      readonly dtype?: string;
      readonly type?: string;
      readonly data: TypedArray | readonly string[];
    };

interface Tensor {
  readonly shape: readonly number[];
  /** NumPy's name. */
  readonly dtype: string;
  readonly values: TypedArray | readonly string[];
}

/** One tensor, or several by name. */
export type Tensors = Tensor | ReadonlyMap<string, Tensor>;

const isTypedArray = (value: unknown): value is TypedArray => ArrayBuffer.isView(value) && !(value instanceof DataView);

/** `Float32Array` is float32 to NumPy as well. */
const dtypeOf = (values: TypedArray) => values.constructor.name.replace(/(?:Clamped)?Array$|^Big/g, "").toLowerCase();

// Names that TF.js and ONNX Runtime have of their own.
const NUMPY_NAMES: Readonly<Record<string, string>> = { string: "str", boolean: "bool" };

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function readTensors(data: object): Tensors {
  const single = readTensor("data", data);
  if (single !== undefined) return single;
  const named = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(data)) {
    const tensor = readTensor(`data.${name}`, value);
    if (tensor === undefined) throw invalidArgument(`data.${name}`, value, EXPECTED);
    named.set(name, tensor);
  }
  if (named.size === 0) throw invalidArgument("data", data, EXPECTED);
  return named;
}

const EXPECTED = "a tensor, a typed array, nested arrays of numbers, several of these by name, or rows";

function readTensor(argument: string, value: unknown): Tensor | undefined {
  if (isTypedArray(value)) return { shape: [value.length], dtype: dtypeOf(value), values: value };
  if (Array.isArray(value)) return readNested(argument, value);
  if (typeof value !== "object" || value === null) return undefined;
  const { shape, dims, dtype, type, data, dataSync } = value as Record<string, unknown>;
  const values: unknown = typeof dataSync === "function" ? dataSync.call(value) : data;
  const size = shape ?? dims;
  if (!Array.isArray(size) || !(isTypedArray(values) || isTexts(values))) return undefined;
  const count = size.reduce((product: number, length) => product * Number(length), 1);
  if (count !== values.length) {
    throw invalidArgument(`${argument}.shape`, `[${size.join(", ")}]`, `a shape of ${values.length} values`);
  }
  const name = typeof dtype === "string" ? dtype : typeof type === "string" ? type : undefined;
  const own = isTypedArray(values) ? dtypeOf(values) : "str";
  return { shape: size.map(Number), dtype: name === undefined ? own : (NUMPY_NAMES[name] ?? name), values };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === "string");

function readNested(argument: string, nested: readonly unknown[]): Tensor {
  const shape: number[] = [];
  for (let level: unknown = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  const values = new Float64Array(shape.reduce((product, length) => product * length, 1));
  let count = 0;
  const collect = (level: unknown, depth: number): void => {
    if (depth === shape.length) {
      if (typeof level !== "number" && typeof level !== "boolean") throw invalidArgument(argument, level, EXPECTED);
      values[count++] = Number(level);
    } else {
      if (!Array.isArray(level) || level.length !== shape[depth]) {
        throw invalidArgument(argument, level, `arrays of equal length: ${shape.join(" x ")} values`);
      }
      for (const inner of level) collect(inner, depth + 1);
    }
  };
  collect(nested, 0);
  return { shape, dtype: "float64", values };
}

/** Schema and profile in the words of MLflow's NumPy datasets (mlflow/data/numpy_dataset.py). */
export function describeTensors(tensors: Tensors): DataDescription {
  const named: [string | undefined, Tensor][] = isTensor(tensors) ? [[undefined, tensors]] : [...tensors];
  const hash = createHash("sha256").update("tensors");
  for (const [name, { shape, dtype, values }] of named) {
    hash.update(JSON.stringify([name, dtype, shape]));
    hash.update(
      isTypedArray(values)
        ? new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
        : JSON.stringify(values),
    );
  }
  const specification = named.map(([name, { dtype, shape }]) => ({
    ...(name === undefined ? {} : { name }),
    type: "tensor",
    // The number of examples is not a part of the form.
    "tensor-spec": { dtype, shape: shape.length === 0 ? [] : [-1, ...shape.slice(1)] },
  }));
  const each = <T>(fact: (tensor: Tensor) => T): T | Record<string, T> =>
    isTensor(tensors)
      ? fact(tensors)
      : Object.fromEntries([...tensors].map(([name, tensor]) => [name, fact(tensor)] as const));
  return {
    digest: shortened(hash.digest("hex")),
    schema: { mlflow_tensorspec: { features: JSON.stringify(specification), targets: null } },
    profile: {
      features_shape: each(({ shape }) => shape),
      features_size: each(({ values }) => values.length),
      features_nbytes: each(({ values }) => (isTypedArray(values) ? values.byteLength : 0)),
    },
  };
}

const isTensor = (tensors: Tensors): tensors is Tensor => "shape" in tensors;
