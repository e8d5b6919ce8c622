import { z } from "zod";
import { isLaterPoint, type LatestPoint } from "../../base/point-order.ts";
import type { Series } from "../../contract/batch.ts";
import { type MetricRows, seriesIdentity } from "./metric-rows.ts";

/** The latest value of a series. */
export interface LatestOfSeries extends Omit<LatestPoint, "key"> {
  readonly series: Series;
}

/** So many are worth more in the footer than they cost every reader of it. */
const MOST_IN_FOOTER = 1_000;

/** The latest value of every series that has one, as MLflow chooses it. */
export function latestPoints({ series, columns }: MetricRows): LatestOfSeries[] {
  const { length, seriesIds, values, timestamps, steps } = columns;
  const latest = new Int32Array(series.length).fill(-1);
  for (let row = 0; row < length; row++) {
    const id = seriesIds[row] as number;
    const before = latest[id] as number;
    const later =
      before < 0
        ? 1
        : (steps[row] as number) - (steps[before] as number) ||
          (timestamps[row] as number) - (timestamps[before] as number) ||
          // Not a difference: that of two infinities is no number.
          ((values[row] as number) > (values[before] as number) ? 1 : 0);
    if (later > 0) latest[id] = row;
  }
  return [...latest].flatMap((row, id) => {
    if (row < 0) return [];
    const [step, timestamp, value] = [steps[row], timestamps[row], values[row]] as [number, number, number];
    return [{ series: series[id] as Series, step, timestamp, value }];
  });
}

/** The latest of several: one per identity. */
export function latestOf(points: Iterable<LatestOfSeries>, identityOf: (series: Series) => string): LatestOfSeries[] {
  const latest = new Map<string, LatestOfSeries>();
  for (const point of points) {
    const identity = identityOf(point.series);
    const before = latest.get(identity);
    if (before === undefined || isLaterPoint(point, before)) latest.set(identity, point);
  }
  return [...latest.values()];
}

// JSON has no NaN, no infinities and no -0; a text has all of them.
const entrySchema = z.tuple([
  z.string(),
  z.string().nullable(),
  z.string().nullable(),
  z.string().nullable(),
  z.int(),
  z.int(),
  z.string(),
]);
const footerSchema = z.array(entrySchema);

/** As JSON for the footer of a file; `undefined` where there are too many. */
export function writeLatest(points: readonly LatestOfSeries[]): string | undefined {
  if (points.length > MOST_IN_FOOTER) return undefined;
  return JSON.stringify(
    points.map(({ series: { key, modelId, dataset }, step, timestamp, value }) => [
      key,
      modelId ?? null,
      dataset?.name ?? null,
      dataset?.digest ?? null,
      step,
      timestamp,
      Object.is(value, -0) ? "-0" : String(value),
    ]),
  );
}

/** What {@link writeLatest} has written; `undefined` for anything else: the rows say it too. */
export function readLatest(text: string | undefined): LatestOfSeries[] | undefined {
  if (text === undefined) return undefined;
  try {
    return footerSchema.parse(JSON.parse(text)).map(([key, modelId, name, digest, step, timestamp, value]) => ({
      series: makeSeries(key, modelId ?? undefined, name ?? undefined, digest ?? undefined),
      step,
      timestamp,
      value: Number(value),
    }));
  } catch {
    return undefined;
  }
}

/** A series of these parts. */
export const makeSeries = (
  key: string,
  modelId: string | undefined,
  name: string | undefined,
  digest: string | undefined,
): Series => ({
  key,
  ...(modelId === undefined ? {} : { modelId }),
  ...(name === undefined ? {} : { dataset: { name, digest: digest ?? "" } }),
});

/** For {@link latestOf}: one point per key. */
export const byKey = ({ key }: Series): string => key;
/** For {@link latestOf}: one point per key, model and dataset. */
export const bySeries = seriesIdentity;
