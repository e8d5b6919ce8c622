import type { TensorData } from "../tensor-value.ts";
import { float16Bits } from "./float16.ts";

type ArrayClass = new (length: number) => { [index: number]: unknown };

/** How the values of one of NumPy's dtypes are kept, and which values of JavaScript's are such. */
export interface Dtype {
  /** What a message says that it takes. */
  readonly expected: string;
  /** Of the arrays that need no look at their values; `undefined` where every value is looked at. */
  readonly trusted: ArrayClass | undefined;
  /** True for arrays that can be copied by their class, value by value, with nothing that could be refused. */
  readonly isCopied: (data: object) => boolean;
  readonly create: (length: number) => TensorData;
  /** The value as it is kept, or `undefined` where it is none. */
  readonly cast: (value: unknown) => unknown;
}

const typed = (Class: ArrayClass) => ({ trusted: Class, create: (length: number) => new Class(length) as TensorData });
const never = () => false;

function float(Class: ArrayClass): Dtype {
  return {
    ...typed(Class),
    expected: "numbers",
    isCopied: (data) => ArrayBuffer.isView(data) && !isBigArray(data),
    cast: (value) => {
      if (typeof value === "number") return value;
      if (typeof value === "bigint") return Number(value);
      // JSON has no NaN, and pandas writes null for it.
      return value === null ? Number.NaN : undefined;
    },
  };
}

const isBigArray = (data: object) => data instanceof BigInt64Array || data instanceof BigUint64Array;

function int(Class: ArrayClass, least: number, most: number): Dtype {
  return {
    ...typed(Class),
    expected: `whole numbers from ${least} to ${most}`,
    isCopied: never,
    cast: (value) => {
      const number = typeof value === "bigint" ? Number(value) : value;
      return Number.isInteger(number) && (number as number) >= least && (number as number) <= most ? number : undefined;
    },
  };
}

function bigInt(Class: ArrayClass, least: bigint, most: bigint): Dtype {
  return {
    ...typed(Class),
    expected: `whole numbers from ${least} to ${most}`,
    isCopied: never,
    cast: (value) => {
      const whole = typeof value === "number" && Number.isInteger(value) ? BigInt(value) : value;
      return typeof whole === "bigint" && whole >= least && whole <= most ? whole : undefined;
    },
  };
}

const bool: Dtype = {
  trusted: undefined,
  create: (length) => new Uint8Array(length),
  expected: "true, false, 0 or 1",
  isCopied: never,
  cast: (value) => {
    if (typeof value === "boolean") return value ? 1 : 0;
    const number = typeof value === "bigint" ? Number(value) : value;
    return number === 0 || number === 1 ? number : undefined;
  },
};

const float16: Dtype = {
  trusted: undefined,
  create: (length) => new Uint16Array(length),
  expected: "numbers",
  isCopied: never,
  cast: (value) => {
    if (typeof value === "number" || typeof value === "bigint") return float16Bits(Number(value));
    return value === null ? float16Bits(Number.NaN) : undefined;
  },
};

const str: Dtype = {
  trusted: undefined,
  create: (length) => new Array<string>(length),
  expected: "texts",
  isCopied: never,
  cast: (value) => (typeof value === "string" ? value : undefined),
};

const DTYPES: ReadonlyMap<string, Dtype> = new Map(
  Object.entries({
    float16,
    float32: float(Float32Array),
    float64: float(Float64Array),
    int8: int(Int8Array, -128, 127),
    int16: int(Int16Array, -32_768, 32_767),
    int32: int(Int32Array, -(2 ** 31), 2 ** 31 - 1),
    int64: bigInt(BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n),
    uint8: int(Uint8Array, 0, 255),
    // An array of it may hold the bits of float16: what it is said to hold is looked at first.
    uint16: { ...int(Uint16Array, 0, 65_535), trusted: undefined },
    uint32: int(Uint32Array, 0, 2 ** 32 - 1),
    uint64: bigInt(BigUint64Array, 0n, 2n ** 64n - 1n),
    bool,
    str,
  }),
);

/** `undefined` for what JavaScript has no array for. */
export const dtypeOf = (name: string): Dtype | undefined => DTYPES.get(name.toLowerCase());
