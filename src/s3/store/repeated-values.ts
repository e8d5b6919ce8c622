import type { MetricColumns, Series } from "../../contract/batch.ts";
import type { RunMetrics } from "../metrics/run-metrics.ts";
import { inParallel } from "../parallel.ts";

const PARALLEL_READS = 8;

/**
 * Finds values that a run has already: a program was killed after they had come to the bucket, and before it knew, so that who takes over
 * what it has left in the spool brings them once more. They are the first that the new one brings, so nothing is looked at any more after a
 * batch without any.
 */
export class RepeatedValues {
  readonly #metrics: Pick<RunMetrics, "latest" | "history">;
  #isOver = false;

  constructor(metrics: Pick<RunMetrics, "latest" | "history">) {
    this.#metrics = metrics;
  }

  /** Which of these positions are new. */
  async newOnes(columns: MetricColumns, series: readonly Series[], positions: readonly number[]): Promise<number[]> {
    if (this.#isOver || positions.length === 0) return [...positions];
    const known = await this.#knownPoints(columns, series, positions);
    const isNew = (at: number) => {
      const point = pointAt(columns, series, at);
      const count = known.get(point) ?? 0;
      known.set(point, count - 1);
      return count <= 0;
    };
    const fresh = positions.filter(isNew);
    this.#isOver = fresh.length === positions.length;
    return fresh;
  }

  /** How often the run has each point, of the keys of which it has one that is not earlier. */
  async #knownPoints(
    columns: MetricColumns,
    series: readonly Series[],
    positions: readonly number[],
  ): Promise<Map<string, number>> {
    const latest = new Map((await this.#metrics.latest()).map(({ key, step }) => [key, step]));
    const suspects = new Set<string>();
    for (const at of positions) {
      const key = keyAt(columns, series, at);
      if ((columns.steps[at] as number) <= (latest.get(key) ?? Number.NEGATIVE_INFINITY)) suspects.add(key);
    }
    const known = new Map<string, number>();
    const tasks = [...suspects].map((key) => async () => {
      const { steps, timestamps, values } = await this.#metrics.history(key);
      for (let i = 0; i < steps.length; i++) {
        const point = nameOf(key, steps[i] as number, timestamps[i] as number, values[i] as number);
        known.set(point, (known.get(point) ?? 0) + 1);
      }
    });
    await inParallel(tasks, PARALLEL_READS, undefined);
    return known;
  }
}

const keyAt = ({ seriesIds }: MetricColumns, series: readonly Series[], at: number): string =>
  (series[seriesIds[at] as number] as Series).key;

const pointAt = (columns: MetricColumns, series: readonly Series[], at: number): string =>
  nameOf(
    keyAt(columns, series, at),
    columns.steps[at] as number,
    columns.timestamps[at] as number,
    columns.values[at] as number,
  );

const nameOf = (key: string, step: number, timestamp: number, value: number): string =>
  `${step + 0} ${timestamp} ${Object.is(value, -0) ? "-0" : value} ${key}`;
