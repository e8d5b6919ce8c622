/** The first position from `from` to `to` whose value is at least `bound`, in values that never fall; `to` where there is none. */
export function firstAtLeast(sorted: ArrayLike<number>, bound: number, from = 0, to = sorted.length): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The same for the first value that is larger than `bound`. */
export function firstAbove(sorted: ArrayLike<number>, bound: number, from = 0, to = sorted.length): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
