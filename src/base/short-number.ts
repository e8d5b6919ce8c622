const SHOWN_DIGITS = 6;

/** A value as a person compares it: six digits are enough to see a difference. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(SHOWN_DIGITS)));
}
