import type { TidemarkError } from "../base/errors.ts";
import type { KeyKind } from "../base/key-rules.ts";
import type { RetryPolicy } from "../base/retry-schedule.ts";
import type { Batch } from "./batch.ts";
import type { Outcome } from "./outcome.ts";

/** What a sink asks of the queue before it. */
export interface SinkLimits {
  /**
   * A write happens as soon as this many values wait. Larger batches still come: the sink cuts them. More than 4,096, and at most 32,768, is for
   * asynchronous sinks whose every write costs: they get that many in one batch, or what is there when the oldest is old enough. Default 4,096.
   */
  readonly maxBatchValues?: number;
  /**
   * How old the oldest value waiting may get, unless the caller chose. A function is asked at every hand-over, with how long the queue has been
   * open, in milliseconds. Default 500.
   */
  readonly flushIntervalMs?: number | ((ageMs: number) => number);
  /** Default: up to 5 minutes for `write`, up to 2 seconds for `writeSync`. */
  readonly retry?: RetryPolicy;
}

/** What sinks of both kinds have. */
export interface SinkBase {
  readonly limits: SinkLimits;
  /**
   * Asked once for every new key, at the call that brings it, so that a key this backend can't hold is refused there. Answers
   * the reason, or `undefined` where the key is fine.
   */
  checkKey?(kind: KeyKind, key: string): TidemarkError | undefined;
  /** Puts what was accepted on stable storage, for `flush({ durable: true })`. Absent where accepted is durable already. */
  makeDurable?(): Promise<void>;
  close(): void | Promise<void>;
}

/** A sink on local disk or in memory: it answers at once, so that a blocked event loop cannot hold values back. */
export interface SyncMetricSink extends SinkBase {
  writeSync(batch: Batch): Outcome;
}

/** A sink behind a network. At most one write is in flight. */
export interface AsyncMetricSink extends SinkBase {
  write(batch: Batch, signal: AbortSignal): Promise<Outcome>;
}

/** Where a run's values go. */
export type MetricSink = SyncMetricSink | AsyncMetricSink;
