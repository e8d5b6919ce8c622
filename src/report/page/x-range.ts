/** A stretch of x. */
export interface XRange {
  readonly min: number;
  readonly max: number;
}

/** A range made smaller or larger around a place in it, from 0 to 1; below 1 it gets smaller. */
export function zoomed({ min, max }: XRange, factor: number, place: number, isLog: boolean): XRange {
  const [from, to] = isLog ? [Math.log(min), Math.log(max)] : [min, max];
  const middle = from + (to - from) * place;
  const range = [middle - (middle - from) * factor, middle + (to - middle) * factor] as const;
  return isLog ? { min: Math.exp(range[0]), max: Math.exp(range[1]) } : { min: range[0], max: range[1] };
}

/** A range moved by a part of its width. */
export function moved({ min, max }: XRange, part: number, isLog: boolean): XRange {
  if (isLog) return { min: min * (max / min) ** part, max: max * (max / min) ** part };
  return { min: min + (max - min) * part, max: max + (max - min) * part };
}
