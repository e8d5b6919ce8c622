import { Extremes } from "./extremes.ts";

/** The most that is kept of one stretch: the smallest, the largest and the last value, and one that is not finite. */
const MOST_OF_ONE = 4;

/**
 * The positions that a curve is thinned to: of every stretch the smallest, the largest and the last value, and the first that is NaN or
 * infinite. All of them where there are no more than `most`.
 */
export function thinnedPositions(values: Float64Array, most: number): Uint32Array {
  const { length } = values;
  if (length <= most) return Uint32Array.from({ length }, (_, at) => at);
  const extremes = Extremes.of(values);
  const stretches = Math.max(1, Math.floor(most / MOST_OF_ONE));
  const kept = new Set<number>();
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((length * stretch) / stretches);
    const to = Math.floor((length * (stretch + 1)) / stretches);
    const extent = extremes.between(from, to);
    if (extent !== undefined) kept.add(extent.smallest).add(extent.largest);
    const odd = firstOdd(values, from, to);
    if (odd !== undefined) kept.add(odd);
    kept.add(to - 1);
  }
  return Uint32Array.from(kept).sort();
}

function firstOdd(values: Float64Array, from: number, to: number): number | undefined {
  for (let at = from; at < to; at++) if (!Number.isFinite(values[at])) return at;
  return undefined;
}

/**
 * How many points each curve may keep, so that all together have no more than `most`: short curves are kept whole, and long ones share
 * what is left alike.
 *
 * @param lengths - Of all curves.
 */
export function pointsPerCurve(lengths: readonly number[], most: number): number {
  const ascending = [...lengths].sort((a, b) => a - b);
  let left = most;
  for (const [index, length] of ascending.entries()) {
    const share = Math.floor(left / (ascending.length - index));
    if (length > share) return share;
    left -= length;
  }
  return Number.POSITIVE_INFINITY;
}
