import type { Series } from "../contract/batch.ts";
import { writeDigits } from "./digits.ts";
import { writeFloatDigits } from "./float-digits.ts";

// Fields are separated by spaces, and Python splits lines at every line break of Unicode.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const BREAKS_FIELDS = /[\s\u0000-\u001f\u0085]/;

/** True where a dataset's name and digest can stand in a line. */
export function fitsInLine({ name, digest }: NonNullable<Series["dataset"]>): boolean {
  return name !== "" && digest !== "" && !BREAKS_FIELDS.test(name) && !BREAKS_FIELDS.test(digest);
}

/** What a series adds behind the step in the run's own file. */
export const runLineEnd = ({ dataset }: Series): Buffer => Buffer.from(datasetFields(dataset));

/** The same in the file of the logged model. */
export const modelLineEnd = ({ dataset }: Series, runId: string): Buffer =>
  Buffer.from(` ${runId}${datasetFields(dataset)}`);

const datasetFields = (dataset: Series["dataset"]) =>
  dataset !== undefined && fitsInLine(dataset) ? ` ${dataset.name} ${dataset.digest}\n` : "\n";

/** Values of one series in a batch: `positions[from]` up to `positions[to]`, excluded. */
export interface SeriesSlice {
  readonly values: Float64Array;
  readonly timestamps: Float64Array;
  readonly steps: Float64Array;
  readonly positions: Uint32Array;
  readonly from: number;
  readonly to: number;
}

const SPACE = 0x20;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;

/** Two safe integers with their signs, a value, and the spaces between. */
const MOST_FIELD_BYTES = 17 + 17 + 25 + 2;

/**
 * Formats lines as bytes, in memory that is used again: strings in between would cost more than everything else a value costs.
 */
export class LineFormatter {
  #bytes = Buffer.allocUnsafe(0);

  /** The lines of a slice, each ended by `lineEnd`. Valid until the next call. */
  format({ values, timestamps, steps, positions, from, to }: SeriesSlice, lineEnd: Uint8Array): Buffer {
    const mostBytes = (to - from) * (MOST_FIELD_BYTES + lineEnd.length);
    if (this.#bytes.length < mostBytes) this.#bytes = Buffer.allocUnsafe(2 * mostBytes);
    const bytes = this.#bytes;
    let at = 0;
    let lastTimestamp = -1;
    let lastLineAt = 0;
    let timestampBytes = 0;
    for (let i = from; i < to; i++) {
      const position = positions[i] as number;
      const timestamp = timestamps[position] as number;
      const lineAt = at;
      if (timestamp === lastTimestamp) {
        // The clock stands still for many values: the line before has the digits.
        for (let k = 0; k < timestampBytes; k++) bytes[at + k] = bytes[lastLineAt + k] as number;
        at += timestampBytes;
      } else {
        at = writeInteger(bytes, at, timestamp);
        timestampBytes = at - lineAt;
        lastTimestamp = timestamp;
      }
      lastLineAt = lineAt;
      bytes[at++] = SPACE;
      at = writeValue(bytes, at, values[position] as number);
      bytes[at++] = SPACE;
      at = writeInteger(bytes, at, steps[position] as number);
      for (let k = 0; k < lineEnd.length; k++) bytes[at++] = lineEnd[k] as number;
    }
    return bytes.subarray(0, at);
  }
}

/** Below this a float without a fraction has the form of an integer and ".0" in Python. */
const LEAST_WITH_EXPONENT = 1e16;

/**
 * Writes a value as Python's `repr` does where that is cheap, and always as text that Python's `float` and JavaScript's `Number`
 * read back exactly. Answers where it ends.
 */
function writeValue(bytes: Uint8Array, at: number, value: number): number {
  if (Math.trunc(value) === value && value < LEAST_WITH_EXPONENT && value > -LEAST_WITH_EXPONENT) {
    if (Object.is(value, -0)) bytes[at++] = MINUS;
    at = writeInteger(bytes, at, value);
    bytes[at++] = DOT;
    bytes[at++] = ZERO;
    return at;
  }
  if (value < 0) {
    bytes[at++] = MINUS;
    value = -value;
  }
  const end = writeFloatDigits(bytes, at, value);
  if (end !== -1) return end;
  const text = Number.isNaN(value) ? "nan" : value === Number.POSITIVE_INFINITY ? "inf" : String(value);
  for (let k = 0; k < text.length; k++) bytes[at++] = text.charCodeAt(k);
  return at;
}

/** Integers below this are divided in 32 bits, which is several times faster. */
const SMALL = 1e9;
const HALF = 1e8;
const HALF_DIGITS = 8;

/** Writes an integer of magnitude below 1e17 and answers where it ends. Minus zero is 0. */
function writeInteger(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0) {
    bytes[at++] = MINUS;
    value = -value;
  }
  const high = value < SMALL ? value : Math.floor(value / HALF);
  const end = at + digitsOf(high);
  writeDigits(bytes, at, high | 0, end - at);
  if (high === value) return end;
  writeDigits(bytes, end, (value - high * HALF) | 0, HALF_DIGITS);
  return end + HALF_DIGITS;
}

function digitsOf(small: number): number {
  let digits = 1;
  for (let limit = 10; small >= limit; limit *= 10) digits++;
  return digits;
}
