import { invalidArgument } from "../../base/errors.ts";
import type { TensorData } from "../tensor-value.ts";
import { type Dtype, dtypeOf } from "./dtypes.ts";
import { type GivenTensor, valuesOf } from "./given-tensor.ts";

/**
 * The values of a tensor in an array of a dtype; the given array itself where it is such.
 *
 * Numbers are rounded to the precision of floats. Nothing else is changed silently: fractions, NaN and numbers out of
 * range are refused for integers, where NumPy, and so MLflow's server, cuts them off.
 *
 * @param placeOf where the value of an index was given, for the message
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` with the place of the value
 */
export function castValues(
  given: Pick<GivenTensor, "data" | "dtype">,
  dtypeName: string,
  placeOf: (index: number) => string,
): TensorData {
  const dtype = dtypeOf(dtypeName);
  if (dtype === undefined) return given.data as TensorData;
  if (dtype.trusted !== undefined && given.data instanceof dtype.trusted) return given.data as unknown as TensorData;
  // Without a word of what it holds, it is what runtimes keep float16 in.
  if (dtypeName === "float16" && given.data instanceof Uint16Array && given.dtype !== "uint16") return given.data;
  return castEach(valuesOf(given), dtype, dtypeName, placeOf);
}

function castEach(
  values: ArrayLike<unknown>,
  { create, cast, isCopied, expected }: Dtype,
  name: string,
  placeOf: (index: number) => string,
): TensorData {
  const result = create(values.length);
  if (isCopied(values)) {
    (result as Float64Array).set(values as ArrayLike<number>);
    return result;
  }
  for (let index = 0; index < values.length; index++) {
    const value = cast(values[index]);
    if (value === undefined) throw refusal(placeOf(index), values[index], name, expected);
    (result as unknown[])[index] = value;
  }
  return result;
}

function refusal(place: string, value: unknown, dtype: string, expected: string) {
  const hint = value === null || value === undefined ? "; a tensor of it has no null" : "";
  return invalidArgument(place, value, `${dtype} (${expected})${hint}`);
}
