const SHOWN_DIGITS = 6;
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A value as a person compares it: six digits are enough to see a difference. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(SHOWN_DIGITS)));
}

/** The size of a file. */
export function bytesText(bytes: number): string {
  const unit = bytes < 1 ? 0 : Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const amount = bytes / 1024 ** unit;
  return `${unit === 0 ? amount : amount.toFixed(1)} ${BYTE_UNITS[unit]}`;
}
