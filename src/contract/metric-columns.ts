import type { MetricColumns } from "./batch.ts";

/** Of a batch without values. */
export const NO_METRICS: MetricColumns = {
  length: 0,
  seriesIds: new Uint32Array(),
  values: new Float64Array(),
  timestamps: new Float64Array(),
  steps: new Float64Array(),
};

/** The rows at these positions, in the order of the positions. */
export function rowsAt(
  { seriesIds, values, timestamps, steps }: MetricColumns,
  positions: ArrayLike<number>,
): MetricColumns {
  const pick = (column: Float64Array) => Float64Array.from(positions, (at) => column[at] as number);
  return {
    length: positions.length,
    seriesIds: Uint32Array.from(positions, (at) => seriesIds[at] as number),
    values: pick(values),
    timestamps: pick(timestamps),
    steps: pick(steps),
  };
}
