import { TidemarkError } from "../../src/base/errors.ts";
import type { RetryPolicy } from "../../src/base/retry-schedule.ts";
import type { Batch, BatchPositions } from "../../src/contract/batch.ts";
import type { AsyncMetricSink, SyncMetricSink } from "../../src/contract/metric-sink.ts";
import type { Outcome } from "../../src/contract/outcome.ts";

/** What a scripted sink does with one write. */
export type Step =
  | { readonly do: "take" }
  /** Nothing is taken, but may be later. */
  | { readonly do: "refuse"; readonly retryAfterMs?: number }
  /** The first part is taken, the rest may be sent again. */
  | { readonly do: "take-some"; readonly share: number }
  /** Every second entry is taken: as when one of several files fails. */
  | { readonly do: "take-odd" }
  /** Entries with a bad value are rejected by position, all others taken. */
  | { readonly do: "reject-bad" }
  /** The batch is refused for good if it holds a bad value, without a word on which. */
  | { readonly do: "refuse-if-bad" }
  | { readonly do: "throw" }
  /** Never answers, until the write is aborted. Asynchronous sinks only. */
  | { readonly do: "hang" };

/** Values below zero are the ones `reject-bad` and `refuse-if-bad` don't like; params that start with "bad" too. */
const isBad = (value: number) => value < 0;

export const quickRetry: RetryPolicy = { baseMs: 1, capMs: 2, budgetMs: 250 };

/** A sink that follows a script, then takes everything, and remembers what it took. */
export class Script {
  readonly taken: { key: string; value: number; timestamp: number; step: number }[] = [];
  readonly params: string[] = [];
  readonly tags: string[] = [];
  writes = 0;
  closed = 0;
  readonly #steps: Step[];
  readonly #afterwards: Step;

  constructor(steps: readonly Step[] = [], afterwards: Step = { do: "take" }) {
    this.#steps = [...steps];
    this.#afterwards = afterwards;
  }

  get count(): number {
    return this.taken.length + this.params.length + this.tags.length;
  }

  sync(retry: RetryPolicy = quickRetry): SyncMetricSink {
    return {
      limits: { retry },
      writeSync: (batch) => this.#play(batch, this.#next()),
      close: () => void this.closed++,
    };
  }

  async(retry: RetryPolicy = quickRetry, maxBatchValues?: number): AsyncMetricSink {
    return {
      limits: maxBatchValues === undefined ? { retry } : { retry, maxBatchValues },
      write: async (batch, signal) => {
        const step = this.#next();
        if (step.do === "hang") await new Promise((resolve) => signal.addEventListener("abort", resolve));
        else await new Promise((resolve) => setImmediate(resolve));
        return this.#play(batch, step);
      },
      close: async () => void this.closed++,
    };
  }

  #next(): Step {
    this.writes++;
    return this.#steps.shift() ?? this.#afterwards;
  }

  #play(batch: Batch, step: Step): Outcome {
    switch (step.do) {
      case "take":
        this.#take(batch, everything(batch));
        return { status: "ok" };
      case "refuse":
      case "hang": {
        const error = new TidemarkError("STORAGE_ERROR", "scripted refusal");
        const { retryAfterMs } = step as { retryAfterMs?: number };
        return retryAfterMs === undefined
          ? { status: "retryable", error }
          : { status: "retryable", error, retryAfterMs };
      }
      case "take-some": {
        const accepted = filterPositions(batch, (_, index, length) => index < Math.floor(length * step.share));
        this.#take(batch, accepted);
        return { status: "retryable", error: new TidemarkError("STORAGE_ERROR", "scripted half"), accepted };
      }
      case "take-odd": {
        const accepted = filterPositions(batch, (_, index) => index % 2 === 1);
        this.#take(batch, accepted);
        return { status: "retryable", error: new TidemarkError("STORAGE_ERROR", "scripted gaps"), accepted };
      }
      case "reject-bad": {
        const rejected = filterPositions(batch, (bad) => bad);
        const accepted = filterPositions(batch, (bad) => !bad);
        this.#take(batch, accepted);
        if (size(rejected) === 0) return { status: "ok" };
        const error = new TidemarkError("INVALID_PARAMETER_VALUE", "scripted rejection");
        return { status: "permanent", error, accepted, rejected };
      }
      case "refuse-if-bad": {
        if (size(filterPositions(batch, (bad) => bad)) === 0) {
          this.#take(batch, everything(batch));
          return { status: "ok" };
        }
        return { status: "permanent", error: new TidemarkError("INVALID_PARAMETER_VALUE", "scripted refusal of all") };
      }
      case "throw":
        throw new Error("scripted crash");
    }
  }

  #take(batch: Batch, positions: BatchPositions): void {
    for (const index of Array.from(positions.metrics)) {
      const series = batch.series[batch.metrics.seriesIds[index] as number];
      this.taken.push({
        key: series?.key ?? "?",
        value: batch.metrics.values[index] as number,
        timestamp: batch.metrics.timestamps[index] as number,
        step: batch.metrics.steps[index] as number,
      });
    }
    for (const index of Array.from(positions.params)) this.params.push(batch.params[index]?.key ?? "?");
    for (const index of Array.from(positions.tags)) this.tags.push(batch.tags[index]?.key ?? "?");
  }
}

const size = (positions: BatchPositions) =>
  positions.metrics.length + positions.params.length + positions.tags.length + positions.inputs.length;

const everything = (batch: Batch) => filterPositions(batch, () => true);

function filterPositions(
  batch: Batch,
  keep: (isBad: boolean, index: number, length: number) => boolean,
): BatchPositions {
  const pick = (length: number, badAt: (index: number) => boolean) =>
    Array.from({ length }, (_, index) => index).filter((index) => keep(badAt(index), index, length));
  return {
    metrics: pick(batch.metrics.length, (index) => isBad(batch.metrics.values[index] as number)),
    params: pick(batch.params.length, (index) => batch.params[index]?.key.startsWith("bad") === true),
    tags: pick(batch.tags.length, () => false),
    inputs: pick(batch.inputs.length, () => false),
  };
}
