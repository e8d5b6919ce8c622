import type { TensorSpec } from "../../mlmodel/signature-schema.ts";
import { isTypedArray, type ShapedTensor, type TensorData } from "../tensor-value.ts";
import { castValues } from "./cast-values.ts";
import { dtypeOf } from "./dtypes.ts";
import { fitShape, isOfShape } from "./fit-shape.ts";
import { type GivenTensor, isSizeOf } from "./given-tensor.ts";
import { placeInTensor } from "./places.ts";
import type { TensorPort } from "./ports.ts";

type ArrayClass = abstract new (...args: never) => unknown;

/** One input of a runtime, with what the signature says of it. */
export class TensorTarget {
  /** The runtime's name. */
  readonly port: string;
  /** The name that callers know. */
  readonly name: string;
  readonly shape: readonly number[] | undefined;
  /** Whether the first axis may be of any length: it counts the examples. */
  readonly takesAnyCount: boolean;
  /** Of the signature first: what it refuses does not reach the runtime, though the runtime might take it. */
  readonly #dtypes: readonly string[];
  /** Arrays of it need no look at their values. */
  readonly #trusted: ArrayClass | undefined;
  readonly #exampleSize: number | undefined;

  constructor(port: TensorPort, spec?: TensorSpec) {
    this.port = port.name;
    this.name = spec?.name ?? port.name;
    this.shape = mergeShapes(port.shape, spec?.["tensor-spec"].shape);
    this.takesAnyCount = this.shape?.[0] === -1;
    this.#exampleSize = exampleSize(this.shape);
    const specDtype = spec?.["tensor-spec"].dtype.toLowerCase();
    this.#dtypes = specDtype === undefined || specDtype === port.dtype ? [port.dtype] : [specDtype, port.dtype];
    this.#trusted = this.#dtypes.length === 1 ? dtypeOf(port.dtype)?.trusted : undefined;
  }

  /** The value as the runtime takes it, if there is nothing to do and next to nothing to check; else `undefined`. */
  asIs(value: unknown): ShapedTensor | undefined {
    const trusted = this.#trusted;
    if (trusted === undefined || typeof value !== "object" || value === null) return undefined;
    if (value instanceof trusted) {
      const data = value as unknown as TensorData;
      const dims = this.#dimsOf(data.length);
      return dims === undefined ? undefined : { data, dims };
    }
    if (isTypedArray(value) || !("dims" in value) || isElsewhere(value)) return undefined;
    const { data, dims } = value as unknown as ShapedTensor;
    if (!(data instanceof trusted) || !Array.isArray(dims)) return undefined;
    if (!isSizeOf(dims, data.length) || !isOfShape(dims, this.shape)) return undefined;
    return value as unknown as ShapedTensor;
  }

  /** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` with the place in the input */
  encode(place: string, given: GivenTensor): ShapedTensor {
    const dims = fitShape(place, given.dims, this.shape);
    return { data: this.cast(given, (index) => placeInTensor(place, given.dims, index)), dims };
  }

  cast(given: Pick<GivenTensor, "data" | "dtype">, placeOf: (index: number) => string): TensorData {
    let { data, dtype } = given;
    for (const wanted of this.#dtypes) {
      data = castValues({ data, dtype }, wanted, placeOf);
      if (dtypeOf(wanted) !== undefined) dtype = wanted;
    }
    return data as TensorData;
  }

  #dimsOf(length: number): readonly number[] | undefined {
    const shape = this.shape;
    if (shape === undefined) return [length];
    if (this.#exampleSize === undefined) return undefined;
    const count = length / this.#exampleSize;
    const first = shape[0] as number;
    if (first >= 0 ? count !== first : !Number.isInteger(count)) return undefined;
    const dims = shape.slice();
    dims[0] = count;
    return dims;
  }
}

/** How many values one example has, where that is known and is not 0. */
function exampleSize(shape: readonly number[] | undefined): number | undefined {
  if (shape === undefined || shape.length === 0) return undefined;
  const [, ...inner] = shape;
  return inner.every((length) => length > 0) ? inner.reduce((product, length) => product * length, 1) : undefined;
}

/** True for a tensor of ONNX Runtime that is not in memory. */
function isElsewhere(tensor: object): boolean {
  const { location } = tensor as { location?: unknown };
  return location !== undefined && location !== "cpu" && location !== "cpu-pinned";
}

/** What the runtime says, and the signature where the runtime says nothing or leaves a length open. */
function mergeShapes(
  port: readonly number[] | undefined,
  spec: readonly number[] | undefined,
): readonly number[] | undefined {
  if (port === undefined || spec === undefined) return port ?? spec;
  if (port.length !== spec.length) return port;
  return port.map((length, axis) => (length < 0 ? (spec[axis] as number) : length));
}
