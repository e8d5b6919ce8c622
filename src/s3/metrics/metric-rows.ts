import type { MetricColumns, Series } from "../../contract/batch.ts";

/** Values with the number of the part of the log that each is in; absent where all are in part 0. */
export interface RowColumns extends MetricColumns {
  readonly parts?: Uint32Array;
}

/** Metric values with the series they belong to. */
export interface MetricRows {
  readonly series: readonly Series[];
  readonly columns: RowColumns;
}

/** The same in the order of a file: by key, then step, then timestamp, then as they came. */
export interface SortedRows extends MetricRows {
  /** Where each key's rows are. */
  readonly runs: readonly KeyRun[];
}

/** The rows from `from` up to `to`, which is not one of them, are all that there are of a key. */
export interface KeyRun {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

/** Columns for so many values. */
export const newColumns = (length: number, hasParts: boolean): RowColumns => ({
  length,
  ...(hasParts ? { parts: new Uint32Array(length) } : {}),
  seriesIds: new Uint32Array(length),
  values: new Float64Array(length),
  timestamps: new Float64Array(length),
  steps: new Float64Array(length),
});

/** A part of the columns, as a view. */
export const sliceColumns = (columns: RowColumns, from: number, to: number): RowColumns => ({
  length: to - from,
  ...(columns.parts === undefined ? {} : { parts: columns.parts.subarray(from, to) }),
  seriesIds: columns.seriesIds.subarray(from, to),
  values: columns.values.subarray(from, to),
  timestamps: columns.timestamps.subarray(from, to),
  steps: columns.steps.subarray(from, to),
});

/** Columns one behind the other; one alone as it is. */
export function joinColumns(pieces: readonly RowColumns[]): RowColumns {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const hasParts = pieces.some(({ parts }) => parts !== undefined);
  const joined = newColumns(
    pieces.reduce((sum, { length }) => sum + length, 0),
    hasParts,
  );
  let at = 0;
  for (const { length, seriesIds, values, timestamps, steps, parts } of pieces) {
    joined.seriesIds.set(seriesIds.subarray(0, length), at);
    joined.values.set(values.subarray(0, length), at);
    joined.timestamps.set(timestamps.subarray(0, length), at);
    joined.steps.set(steps.subarray(0, length), at);
    if (parts !== undefined) joined.parts?.set(parts.subarray(0, length), at);
    at += length;
  }
  return joined;
}

/** Rows that are all in one part. */
export const withPart = ({ series, columns }: MetricRows, part: number): MetricRows => ({
  series,
  columns: part === 0 ? columns : { ...columns, parts: new Uint32Array(columns.length).fill(part) },
});

/** What two series are the same by. */
export const seriesIdentity = ({ key, modelId, dataset }: Series): string =>
  modelId === undefined && dataset === undefined ? key : JSON.stringify([key, modelId, dataset?.name, dataset?.digest]);
