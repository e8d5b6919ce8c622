import type { Extremes } from "./extremes.ts";
import { firstAbove, firstAtLeast } from "./search-sorted.ts";

/** What of a curve is to be drawn. */
export interface Viewed {
  /** Where the points are, from left to right: never falls. */
  readonly x: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  readonly extremes: Extremes;
  /** Bounds of the columns of pixels, from left to right: one more than there are columns. */
  readonly edges: ArrayLike<number>;
}

/**
 * The positions of the points that draw the same line as all of them do: of every column of pixels the first, the smallest, the largest and
 * the last, and one point on either side, to which the line runs out of sight. Whatever is not finite is left to {@link marksOf}.
 */
export function visiblePoints({ x, values, extremes, edges }: Viewed): number[] {
  const found: number[] = [];
  const end = firstAbove(x, edges[edges.length - 1] as number);
  let at = firstAtLeast(x, edges[0] as number);
  const before = finiteBefore(values, at);
  if (before !== undefined) found.push(before);
  for (let column = 1; column < edges.length && at < end; column++) {
    const next = column === edges.length - 1 ? end : firstAtLeast(x, edges[column] as number, at, end);
    pushColumn(found, values, extremes, at, next);
    at = next;
  }
  const after = finiteFrom(values, end);
  if (after !== undefined) found.push(after);
  return found;
}

function pushColumn(found: number[], values: ArrayLike<number>, extremes: Extremes, from: number, to: number): void {
  // Where the column has no more points than would be taken of it, all of them.
  if (to - from <= 4) {
    for (let at = from; at < to; at++) if (Number.isFinite(values[at])) found.push(at);
    return;
  }
  const extent = extremes.between(from, to);
  if (extent === undefined) return;
  const first = finiteFrom(values, from) as number;
  const last = finiteBefore(values, to) as number;
  const some = [first, extent.smallest, extent.largest, last].sort((a, b) => a - b);
  for (const [index, at] of some.entries()) if (at !== some[index - 1]) found.push(at);
}

function finiteFrom(values: ArrayLike<number>, start: number): number | undefined {
  for (let at = start; at < values.length; at++) if (Number.isFinite(values[at])) return at;
  return undefined;
}

function finiteBefore(values: ArrayLike<number>, end: number): number | undefined {
  for (let at = end - 1; at >= 0; at--) if (Number.isFinite(values[at])) return at;
  return undefined;
}

/**
 * Of points that have no place of their own on the axis, one for each column of pixels that has any: enough to see where they are.
 *
 * @param x - Where these points are, from left to right.
 * @returns Positions in `x`.
 */
export function marksOf(x: ArrayLike<number>, edges: ArrayLike<number>): number[] {
  const found: number[] = [];
  const end = firstAbove(x, edges[edges.length - 1] as number);
  let at = firstAtLeast(x, edges[0] as number);
  for (let column = 1; column < edges.length && at < end; column++) {
    const next = column === edges.length - 1 ? end : firstAtLeast(x, edges[column] as number, at, end);
    if (next > at) found.push(at);
    at = next;
  }
  return found;
}
