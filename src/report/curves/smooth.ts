/** A curve that is being smoothed. */
export interface Smoothing {
  /** Goes on for some values, and says whether there are more. */
  next(count: number): boolean;
  /** The smoothed values; NaN where the value is not finite, or was not reached yet. */
  readonly smoothed: Float64Array;
}

/**
 * An exponential moving average whose first values count no more than the others: the sum of the weights is divided out, as TensorBoard does.
 * What is not finite is stepped over.
 *
 * @param weight - Of what was before, from 0 to below 1.
 */
export function startSmoothing(values: ArrayLike<number>, weight: number): Smoothing {
  const smoothed = new Float64Array(values.length).fill(Number.NaN);
  let sum = 0;
  let weights = 0;
  let at = 0;
  return {
    smoothed,
    next(count) {
      for (const end = Math.min(values.length, at + count); at < end; at++) {
        const value = values[at] as number;
        if (!Number.isFinite(value)) continue;
        sum = weight * sum + (1 - weight) * value;
        weights = weight * weights + (1 - weight);
        smoothed[at] = sum / weights;
      }
      return at < values.length;
    },
  };
}
