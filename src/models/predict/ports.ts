import type { ShapedTensor } from "../tensor-value.ts";

/** What a runtime says of one of its inputs or outputs. */
export interface TensorPort {
  readonly name: string;
  /** NumPy's name: `float32`, `int64`, `bool`, `str`, … */
  readonly dtype: string;
  /** Lengths of the axes, `-1` where any will do; `undefined` where not even their number is known. */
  readonly shape: readonly number[] | undefined;
}

/**
 * Tensors as runtimes take and give them, by the names of the ports. `data` is an array of the port's dtype:
 * `BigInt64Array` for `int64`, `Uint8Array` of 0 and 1 for `bool`, `Uint16Array` of the bits for `float16`,
 * `string[]` for `str`.
 */
export type TensorMap = Readonly<Record<string, ShapedTensor>>;
