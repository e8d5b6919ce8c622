import { setTimeout as startTimer } from "node:timers";
import { TidemarkError } from "../base/errors.ts";
import { LOCAL_RETRY, NETWORK_RETRY, type RetryPolicy } from "../base/retry-schedule.ts";
import { SharedLimit } from "../base/shared-limit.ts";
import type { Series } from "../contract/batch.ts";
import type { Journal, JournalPosition } from "../contract/journal.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type { Outcome } from "../contract/outcome.ts";
import { Backlog, MOST_BATCH_VALUES } from "./backlog.ts";
import { CHUNK_VALUES } from "./column-chunk.ts";
import { Delivery, outcomeOfThrown, type Settlement } from "./delivery.ts";
import { FlushWaiters, type WaitLimits } from "./flush-waiters.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { QueueStats } from "./queue-stats.ts";
import type { Segment } from "./segment.ts";
import { Tally } from "./tally.ts";

/** Runs of one process that may be sending at once: a server is not fastest with all that there are. */
const SENDING_RUNS = new SharedLimit("send-slots", 4);

/** What an outbox needs to know. */
export interface OutboxOptions {
  readonly sink: MetricSink;
  readonly journal: Journal | undefined;
  /** Series that are known already. */
  readonly series?: Series[];
  readonly maxPendingEntries: number;
  readonly onTrouble: ((error: TidemarkError) => void) | undefined;
}

/**
 * Sealed segments on their way to the sink: delivers them oldest first, each entry once, counts what became of them, and tells
 * those who wait. A segment leaves on acknowledgement or on a permanent refusal, never before.
 */
export class Outbox {
  readonly #sink: MetricSink;
  readonly #journal: Journal | undefined;
  readonly #backlog: Backlog;
  readonly #delivery: Delivery;
  readonly #policy: RetryPolicy;
  readonly #waiters = new FlushWaiters();
  readonly #maxPendingEntries: number;
  readonly #abort = new AbortController();
  /** So many values are sent however young they are; `undefined` where every sealed segment is. */
  readonly #fullBatch: number | undefined;
  readonly tally: Tally;
  /** The run's series, as batches refer to them. */
  readonly series: Series[];

  #isSending = false;
  /** By performance.now: a synchronous sink wants to be left alone until then. */
  #pausedUntil = 0;
  #wakeSender: (() => void) | undefined;
  /** Entries sealed so far. */
  #sealed = 0;
  /** Of these the first ones are to be sent, however few they are. */
  #dueTo = 0;

  constructor(options: OutboxOptions) {
    const { sink, journal } = options;
    this.#sink = sink;
    this.#journal = journal;
    this.series = options.series ?? [];
    this.#maxPendingEntries = options.maxPendingEntries;
    this.tally = new Tally(options.onTrouble);
    const mostValues = "write" in sink ? MOST_BATCH_VALUES : CHUNK_VALUES;
    const maxBatchValues = Math.min(mostValues, sink.limits.maxBatchValues ?? CHUNK_VALUES);
    this.#fullBatch = maxBatchValues > CHUNK_VALUES ? maxBatchValues : undefined;
    this.#backlog = new Backlog(journal, maxBatchValues);
    this.#policy = sink.limits.retry ?? ("writeSync" in sink ? LOCAL_RETRY : NETWORK_RETRY);
    this.#delivery = new Delivery(this.#policy);
  }

  get isEmpty(): boolean {
    return this.#backlog.isEmpty;
  }

  /** True while the last attempt failed and none has succeeded since. */
  get isFailing(): boolean {
    return this.#delivery.isFailing;
  }

  /** The sink takes more at a time than one chunk. */
  get waitsForFullBatches(): boolean {
    return this.#fullBatch !== undefined;
  }

  /** When the oldest entry came that waits for a full batch, by Date.now; `undefined` where none does. */
  get heldSince(): number | undefined {
    return this.#fullBatch === undefined ? undefined : this.#backlog.openedAtFrom(this.#dueTo);
  }

  /** @param open - Entries appended and not sealed yet. */
  stats(open: number): QueueStats {
    const counts = this.tally.counts(this.#sealed + open);
    return { ...counts, spooled: this.#backlog.journaled, retries: this.#delivery.retries };
  }

  /** Takes over what a journal holds that another process has left. */
  adopt(rest: { position: JournalPosition; end: JournalPosition; count: number }): void {
    this.#sealed += rest.count;
    this.#dueTo = this.#sealed;
    this.#backlog.adopt(rest);
  }

  /** Takes a segment that will not grow any more. With `journaledFrom` the whole of it is on the journal. */
  push(segment: Segment, journaledFrom: JournalPosition | undefined): void {
    const { count } = segment;
    // Who waits for what came before must not wait for this too.
    const mayJoin = !this.#waiters.isAwaited(this.#sealed);
    this.#sealed += count;
    if (journaledFrom === undefined && this.#backlog.entriesInMemory + count > this.#maxPendingEntries) {
      this.#dropValues(segment);
    }
    if (segment.count > 0) this.#backlog.push(segment, journaledFrom, mayJoin);
    else segment.release();
  }

  /**
   * Writes until nothing is left or the sink refuses. Answers how long to wait then, in milliseconds.
   *
   * @param isLastChance - Don't respect a pause the sink has asked for: the process is ending.
   */
  deliverSync(isLastChance = false): number {
    const sink = this.#sink;
    if (!("writeSync" in sink)) return 0;
    const pauseMs = this.#pausedUntil - performance.now();
    if (pauseMs > 0 && !isLastChance) return pauseMs;
    for (let segment = this.#first(); segment !== undefined; segment = this.#first()) {
      const batch = segment.batch(this.series, this.#delivery.batchLimit);
      let outcome: Outcome;
      try {
        outcome = sink.writeSync(batch);
      } catch (error) {
        outcome = outcomeOfThrown(error);
      }
      const settlement = this.#delivery.apply(segment, batch, outcome);
      this.#account(segment, settlement);
      if (settlement.waitMs === undefined) continue;
      if (asksForPause(outcome)) this.#pausedUntil = performance.now() + settlement.waitMs;
      return settlement.waitMs;
    }
    return 0;
  }

  /** The same for all that has been sealed, however little it is. */
  startSendingAll(): void {
    this.#dueTo = this.#sealed;
    this.startSending();
  }

  /** Sees that an asynchronous sink gets its batches as soon as the event loop turns. */
  startSending(): void {
    if (this.#isSending || !this.#hasDue || this.#abort.signal.aborted) return;
    this.#isSending = true;
    void this.#send().finally(() => {
      this.#isSending = false;
      this.startSending();
    });
  }

  /** Settles when everything sealed so far is settled, or rejects when the retries are spent or the limits reached. */
  async whenSettled(limits: WaitLimits): Promise<void> {
    this.#dueTo = this.#sealed;
    const settled = this.#waiters.wait(this.#sealed, limits);
    this.#wakeSender?.();
    this.#settleWaiters();
    await settled;
  }

  /** Stops sending. An answer that comes later finds no reader. */
  abort(): void {
    this.#abort.abort();
  }

  /** Brings to the journal what only memory holds; what no journal takes is dropped and counted. */
  giveUp(journalWriter: JournalWriter | undefined): void {
    for (const segment of this.#backlog.unjournaled()) journalWriter?.seal(segment, this.series);
    const dropped = this.#backlog.dropUnjournaled();
    if (dropped === 0) return;
    const message = `${dropped} entries could not be brought to the backend before the end and are lost`;
    this.#drop(dropped, "FLUSH_INCOMPLETE", message);
  }

  /** Makes what has been accepted durable. */
  async makeDurable(): Promise<void> {
    await this.#sink.makeDurable?.();
    await this.#journal?.makeDurable();
  }

  async close(): Promise<void> {
    await this.#sink.close();
    this.#journal?.close();
  }

  get #hasDue(): boolean {
    const oldest = this.#backlog.oldestStart;
    if (oldest === undefined) return false;
    return this.#fullBatch === undefined || oldest < this.#dueTo || this.#backlog.entries >= this.#fullBatch;
  }

  /** One batch in flight, in order, until nothing is left that is due. */
  async #send(): Promise<void> {
    const sink = this.#sink;
    if (!("write" in sink)) return;
    const { signal } = this.#abort;
    // Not within the caller's append: building a request costs milliseconds that the training loop should not pay.
    await undefined;
    while (this.#hasDue && !signal.aborted) {
      const segment = this.#first();
      if (segment === undefined) return;
      const batch = segment.batch(this.series, this.#delivery.batchLimit);
      const outcome = await SENDING_RUNS.run(async () => sink.write(batch, signal)).catch(outcomeOfThrown);
      // What was given up or left to the journal meanwhile is on other books now.
      if (signal.aborted) return;
      const settlement = this.#delivery.apply(segment, batch, outcome);
      this.#account(segment, settlement);
      if (settlement.waitMs !== undefined) await this.#pause(settlement.waitMs, !asksForPause(outcome));
    }
  }

  #first(): Segment | undefined {
    // Who waits for what came before must not wait for this too.
    const segment = this.#backlog.first((start) => !this.#waiters.isAwaited(start));
    const unreadable = this.#backlog.takeUnreadable();
    if (unreadable > 0) {
      const message = `the spool could not give back ${unreadable} entries`;
      this.tally.drop(unreadable, new TidemarkError("DATA_DAMAGED", message));
    }
    if (segment === undefined) this.#settleWaiters();
    return segment;
  }

  /** A wait between attempts. A flush ends it early, unless the server itself asked for the pause. */
  #pause(waitMs: number, mayBeWoken: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#wakeSender = undefined;
        this.#abort.signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = startTimer(done, waitMs);
      timer.unref();
      this.#abort.signal.addEventListener("abort", done, { once: true });
      if (mayBeWoken) this.#wakeSender = done;
    });
  }

  #account(segment: Segment, settlement: Settlement): void {
    const { acknowledged, rejected, error, waitMs } = settlement;
    this.tally.settle(acknowledged, rejected);
    this.#backlog.settled(segment, acknowledged + rejected);
    if (error !== undefined) this.tally.report(error);
    if (acknowledged + rejected > 0) this.#waiters.progressed();
    this.#settleWaiters();
    if (waitMs !== undefined && !this.#waiters.isEmpty) {
      this.#waiters.attemptFailed(this.#policy.budgetMs, () => this.tally.incomplete(this.stats(0), error));
    }
  }

  #settleWaiters(): void {
    if (this.#waiters.isEmpty) return;
    this.#waiters.arrived(this.#backlog.oldestStart ?? this.#sealed, this.#backlog.isAllJournaled);
  }

  /** Values go, because only they come in millions; what describes the run stays. */
  #dropValues(segment: Segment): void {
    const values = segment.columns.length;
    segment.columns.length = 0;
    const message = `more than ${this.#maxPendingEntries} entries wait for the backend: values are dropped`;
    this.#drop(values, "QUEUE_FULL", message);
  }

  /** The last failure is why what is dropped was still there. */
  #drop(entries: number, code: "FLUSH_INCOMPLETE" | "QUEUE_FULL", message: string): void {
    this.tally.drop(entries, new TidemarkError(code, message, { cause: this.tally.lastError }));
  }
}

const asksForPause = (outcome: Outcome) => outcome.status === "retryable" && outcome.retryAfterMs !== undefined;
