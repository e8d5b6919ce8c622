import { messageOf, TidemarkError } from "../base/errors.ts";
import { type RetryPolicy, retryDelayMs } from "../base/retry-schedule.ts";
import type { Batch } from "../contract/batch.ts";
import type { Outcome } from "../contract/outcome.ts";
import { countEntries } from "./count-entries.ts";
import type { Segment } from "./segment.ts";

/** What one attempt settled. */
export interface Settlement {
  readonly acknowledged: number;
  readonly rejected: number;
  /** Why something was rejected, or why nothing more can be sent now. */
  readonly error: TidemarkError | undefined;
  /** Send no more before this many milliseconds have passed; absent: go on at once. */
  readonly waitMs: number | undefined;
}

/** Everything: no limit on the entries of one batch. */
const NO_LIMIT = Number.POSITIVE_INFINITY;

/**
 * What the queue remembers between two attempts: how often it has failed, and how small the next batch must be. A sink that
 * refuses a batch without saying which entry it means gets ever smaller ones, until the culprit stands alone and can be
 * rejected without the others.
 */
export class Delivery {
  readonly #policy: RetryPolicy;
  #failures = 0;
  #batchLimit = NO_LIMIT;
  retries = 0;

  constructor(policy: RetryPolicy) {
    this.#policy = policy;
  }

  /** Entries the next batch may hold. */
  get batchLimit(): number {
    return this.#batchLimit;
  }

  /** True while the last attempt failed and none has succeeded since. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Takes what an attempt settled out of the segment. */
  apply(segment: Segment, batch: Batch, outcome: Outcome): Settlement {
    if (outcome.status === "ok") {
      this.#failures = 0;
      this.#batchLimit = this.#batchLimit === NO_LIMIT ? NO_LIMIT : this.#batchLimit * 2;
      return { acknowledged: segment.removeBatch(batch), rejected: 0, error: undefined, waitMs: undefined };
    }
    const { error, accepted } = outcome;
    if (outcome.status === "retryable") {
      const acknowledged = accepted === undefined ? 0 : segment.remove(accepted);
      if (acknowledged > 0) this.#failures = 0;
      this.#failures++;
      this.retries++;
      const waitMs = retryDelayMs(this.#policy, this.#failures, outcome.retryAfterMs);
      return { acknowledged, rejected: 0, error, waitMs };
    }
    this.#failures = 0;
    return this.#refused(segment, batch, outcome);
  }

  #refused(segment: Segment, batch: Batch, outcome: Outcome & { status: "permanent" }): Settlement {
    const { error, accepted, rejected } = outcome;
    // Both lists speak of positions in the batch as it was sent, so they are taken out together.
    const acknowledged = accepted === undefined ? 0 : countEntries(accepted);
    const refused = rejected === undefined ? 0 : countEntries(rejected);
    if (acknowledged + refused > 0) {
      segment.remove({
        metrics: merged(accepted?.metrics, rejected?.metrics),
        params: merged(accepted?.params, rejected?.params),
        tags: merged(accepted?.tags, rejected?.tags),
        inputs: merged(accepted?.inputs, rejected?.inputs),
        marks: merged(accepted?.marks, rejected?.marks),
      });
    }
    if (refused > 0) return { acknowledged, rejected: refused, error, waitMs: undefined };
    const suspects = countEntries(batch) - acknowledged;
    if (suspects === 1) {
      const culprit = segment.batch(batch.series, 1);
      return { acknowledged, rejected: segment.removeBatch(culprit), error, waitMs: undefined };
    }
    this.#batchLimit = Math.max(1, Math.ceil(suspects / 2));
    return { acknowledged, rejected: 0, error: undefined, waitMs: undefined };
  }
}

/** The outcome of a sink that broke its contract by throwing: training must not notice. */
export function outcomeOfThrown(error: unknown): Outcome {
  const cause =
    error instanceof TidemarkError
      ? error
      : new TidemarkError("INTERNAL_ERROR", `the backend failed: ${messageOf(error)}`, { cause: error });
  return { status: "retryable", error: cause };
}

function merged(first: ArrayLike<number> | undefined, second: ArrayLike<number> | undefined): number[] {
  return [...Array.from(first ?? []), ...Array.from(second ?? [])];
}
