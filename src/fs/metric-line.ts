import type { Series } from "../contract/batch.ts";

/**
 * A value as Python's `repr` writes it where that is cheap, and always as text that Python's `float` and JavaScript's `Number`
 * read back exactly.
 */
export function formatValue(value: number): string {
  // The shortest text of a float64 without a fraction has no dot in JavaScript; Python adds ".0" below 1e16.
  if (Math.trunc(value) === value) {
    if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
    if (value < 1e16 && value > -1e16) return `${value}.0`;
    if (value === Number.POSITIVE_INFINITY) return "inf";
    if (value === Number.NEGATIVE_INFINITY) return "-inf";
  } else if (Number.isNaN(value)) return "nan";
  return String(value);
}

// Fields are separated by spaces, and Python splits lines at every line break of Unicode.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const BREAKS_FIELDS = /[\s\u0000-\u001f\u0085]/;

/** True where a dataset's name and digest can stand in a line. */
export function fitsInLine({ name, digest }: NonNullable<Series["dataset"]>): boolean {
  return name !== "" && digest !== "" && !BREAKS_FIELDS.test(name) && !BREAKS_FIELDS.test(digest);
}

/** What a series adds behind the step in the run's own file. */
export function runLineEnd({ dataset }: Series): string {
  return dataset !== undefined && fitsInLine(dataset) ? ` ${dataset.name} ${dataset.digest}\n` : "\n";
}

/** The same in the file of the logged model. */
export function modelLineEnd(series: Series, runId: string): string {
  return ` ${runId}${runLineEnd(series)}`;
}

/** Values of one series in a batch: `positions[from]` up to `positions[to]`, excluded. */
export interface SeriesSlice {
  readonly values: Float64Array;
  readonly timestamps: Float64Array;
  readonly steps: Float64Array;
  readonly positions: Uint32Array;
  readonly from: number;
  readonly to: number;
}

let lastTimestamp = -1;
let timestampText = "";
let lastStep = -1;
let stepText = "";

/** The lines of a slice, each ended by `lineEnd`. Clock and step stand still for many values, so their texts are kept. */
export function formatLines(slice: SeriesSlice, lineEnd: string): string {
  const { values, timestamps, steps, positions, from, to } = slice;
  let text = "";
  for (let i = from; i < to; i++) {
    const position = positions[i] as number;
    const timestamp = timestamps[position] as number;
    if (timestamp !== lastTimestamp) {
      lastTimestamp = timestamp;
      timestampText = `${timestamp} `;
    }
    const step = steps[position] as number;
    if (step !== lastStep) {
      lastStep = step;
      // Written as text, minus zero is 0.
      stepText = ` ${step}`;
    }
    text += timestampText + formatValue(values[position] as number) + stepText + lineEnd;
  }
  return text;
}
