import type { ShapedTensor } from "../tensor-value.ts";

/**
 * The largest difference between two answers, in proportion to the largest value of the output it is in. Infinite where they differ in
 * form, or where one of them is NaN or infinite and the other is not.
 *
 * Single values are no measure: two programs add float32 numbers up in two orders, and a sum near zero is then anything.
 */
export function largestDifference(expected: readonly ShapedTensor[], actual: readonly ShapedTensor[]): number {
  if (expected.length !== actual.length) return Number.POSITIVE_INFINITY;
  return expected.reduce(
    (largest, tensor, index) => Math.max(largest, difference(tensor, actual[index] as ShapedTensor)),
    0,
  );
}

function difference(expected: ShapedTensor, actual: ShapedTensor): number {
  if (expected.dims.join() !== actual.dims.join()) return Number.POSITIVE_INFINITY;
  const [a, b] = [expected.data, actual.data] as ArrayLike<unknown>[] as [ArrayLike<unknown>, ArrayLike<unknown>];
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let scale = 0;
  for (let i = 0; i < a.length; i++) {
    if (typeof a[i] === "string" || typeof b[i] === "string") {
      if (a[i] !== b[i]) return Number.POSITIVE_INFINITY;
      continue;
    }
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (Object.is(x, y)) continue;
    if (!Number.isFinite(x) || !Number.isFinite(y)) return Number.POSITIVE_INFINITY;
    largest = Math.max(largest, Math.abs(x - y));
  }
  for (let i = 0; i < a.length; i++) {
    const size = Math.abs(Number(a[i]));
    if (Number.isFinite(size) && size > scale) scale = size;
  }
  return scale === 0 ? largest : largest / scale;
}

/** True where every number is finite. */
export function allFinite(tensors: readonly ShapedTensor[]): boolean {
  return tensors.every(({ data }) => {
    for (const value of data as Iterable<unknown>) {
      if (typeof value === "number" && !Number.isFinite(value)) return false;
    }
    return true;
  });
}
