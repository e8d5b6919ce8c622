import type { Batch, Series } from "../contract/batch.ts";
import type { MetricHistory } from "../schema/metric.ts";
import { sliceOf } from "./missing-points.ts";

/** Values handed over at once: large enough for few calls, small enough that what a sink makes of them is a few megabytes. */
const MOST_VALUES = 16_384;

/** A batch without params, tags and inputs. */
export const NOTHING_ELSE = { params: [], tags: [], inputs: [] } as const;

/** The values of one metric as batches over the memory they are in. */
export function* batchesOf(key: string, history: MetricHistory): Generator<Batch> {
  const series: readonly Series[] = [{ key }];
  const { length } = history.values;
  const seriesIds = new Uint32Array(Math.min(length, MOST_VALUES));
  for (let from = 0; from < length; from += MOST_VALUES) {
    const columns = sliceOf(history, from, Math.min(from + MOST_VALUES, length));
    yield { series, metrics: { length: columns.values.length, seriesIds, ...columns }, ...NOTHING_ELSE };
  }
}

/** Puts the values of several metrics together, for sinks where each call costs a journey. */
export class ValueBatches {
  readonly #series: Series[] = [];
  #seriesIds = new Uint32Array(MOST_VALUES);
  #values = new Float64Array(MOST_VALUES);
  #timestamps = new Float64Array(MOST_VALUES);
  #steps = new Float64Array(MOST_VALUES);
  #length = 0;

  /** Takes values, and answers the batches that are full. They are used again after the next call. */
  *add(key: string, { values, timestamps, steps }: MetricHistory): Generator<Batch> {
    const id = this.#series.push({ key }) - 1;
    for (let from = 0; from < values.length; ) {
      const count = Math.min(values.length - from, MOST_VALUES - this.#length);
      this.#values.set(values.subarray(from, from + count), this.#length);
      this.#timestamps.set(timestamps.subarray(from, from + count), this.#length);
      this.#steps.set(steps.subarray(from, from + count), this.#length);
      this.#seriesIds.fill(id, this.#length, this.#length + count);
      this.#length += count;
      from += count;
      if (this.#length === MOST_VALUES) yield* this.rest();
    }
  }

  /** The values that no batch has yet. */
  *rest(): Generator<Batch> {
    const length = this.#length;
    this.#length = 0;
    if (length === 0) return;
    const columns = { values: this.#values, timestamps: this.#timestamps, steps: this.#steps };
    yield { series: this.#series, metrics: { length, seriesIds: this.#seriesIds, ...columns }, ...NOTHING_ELSE };
  }
}
