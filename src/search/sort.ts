import type { SortKey } from "./order-by.ts";

/** The values of one entity, by sort key. */
export type SortValues = readonly (string | number | undefined)[];

/** Compares by one key after the other. NaN and then what is missing come last in both directions. */
export function compareValues(keys: readonly SortKey[], a: SortValues, b: SortValues): number {
  for (let i = 0; i < keys.length; i++) {
    const order = compareValue(a[i], b[i], (keys[i] as SortKey).isAscending);
    if (order !== 0) return order;
  }
  return 0;
}

function compareValue(a: string | number | undefined, b: string | number | undefined, isAscending: boolean): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0 || rankOf(a) > 0) return rank;
  const order = typeof a === "string" && typeof b === "string" ? compareTexts(a, b) : Number(a) - Number(b) || 0;
  return isAscending ? order : -order;
}

function rankOf(value: string | number | undefined): number {
  if (value === undefined) return 2;
  return Number.isNaN(value) ? 1 : 0;
}

/** By code point, as Python does; JavaScript's own order puts what lies beyond U+FFFF before the last of what does not. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return byCodePoint(x) - byCodePoint(y);
  }
  return a.length - b.length;
}

/** Surrogates are moved behind all other units. */
const byCodePoint = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit);
