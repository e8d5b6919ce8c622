import type { MetricColumns, Series } from "../../contract/batch.ts";

/** Metric values with the series they belong to. */
export interface MetricRows {
  readonly series: readonly Series[];
  readonly columns: MetricColumns;
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
export const newColumns = (length: number): MetricColumns => ({
  length,
  seriesIds: new Uint32Array(length),
  values: new Float64Array(length),
  timestamps: new Float64Array(length),
  steps: new Float64Array(length),
});

/** A part of the columns, as a view. */
export const sliceColumns = (columns: MetricColumns, from: number, to: number): MetricColumns => ({
  length: to - from,
  seriesIds: columns.seriesIds.subarray(from, to),
  values: columns.values.subarray(from, to),
  timestamps: columns.timestamps.subarray(from, to),
  steps: columns.steps.subarray(from, to),
});

/** Columns one behind the other; one alone as it is. */
export function joinColumns(parts: readonly MetricColumns[]): MetricColumns {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const joined = newColumns(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const { length, seriesIds, values, timestamps, steps } of parts) {
    joined.seriesIds.set(seriesIds.subarray(0, length), at);
    joined.values.set(values.subarray(0, length), at);
    joined.timestamps.set(timestamps.subarray(0, length), at);
    joined.steps.set(steps.subarray(0, length), at);
    at += length;
  }
  return joined;
}

/** What two series are the same by. */
export const seriesIdentity = ({ key, modelId, dataset }: Series): string =>
  modelId === undefined && dataset === undefined ? key : JSON.stringify([key, modelId, dataset?.name, dataset?.digest]);
