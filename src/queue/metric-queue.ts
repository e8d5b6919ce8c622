import { setTimeout as startTimer } from "node:timers";
import { TidemarkError } from "../base/errors.ts";
import type { Mark, Series } from "../contract/batch.ts";
import type { Journal } from "../contract/journal.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type { DatasetInput } from "../schema/dataset.ts";
import type { Param, Tag } from "../schema/param.ts";
import { CHUNK_VALUES } from "./column-chunk.ts";
import { JournalWriter } from "./journal-writer.ts";
import { Outbox } from "./outbox.ts";
import type { QueueStats } from "./queue-stats.ts";
import { Segment } from "./segment.ts";

/** What a queue needs to know. */
export interface MetricQueueOptions {
  readonly sink: MetricSink;
  /** Stands before the sink: what it holds is safe and need not stay in memory. */
  readonly journal?: Journal;
  /** How old the oldest value waiting may get. Default: the sink's wish, else 500. */
  readonly flushIntervalMs?: number | undefined;
  /** Entries kept in memory where no journal takes them; beyond, values are dropped. Default 1,000,000 (28 MB). */
  readonly maxPendingEntries?: number | undefined;
  /** Told of every failed write and every loss. What it throws is ignored. */
  readonly onTrouble?: ((error: TidemarkError) => void) | undefined;
  /** Called after every hand-over, also while the training blocks the event loop: for what is due by time. */
  readonly onHandOver?: (() => void) | undefined;
}

/** How `flush` may be limited, and what it accepts as done. */
export interface FlushOptions {
  /** Milliseconds after which the flush rejects with `DEADLINE_EXCEEDED`. Default: until the retries are spent. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `"spooled"` is content with the local spool. Default `"backend"`. */
  readonly accept?: "backend" | "spooled" | undefined;
  /** Asks for stable storage (fsync) as well. Default false. */
  readonly durable?: boolean | undefined;
}

const DEFAULT_FLUSH_INTERVAL_MS = 500;
const DEFAULT_MAX_PENDING_ENTRIES = 1_000_000;
/** How long a backend may take to answer when a run ends. */
const DEFAULT_CLOSE_TIMEOUT_MS = 5_000;
/** A hand-over is due when this many times its last cost has passed: it then takes about 1 % of the time at most. */
const COST_FACTOR = 100;

/**
 * The performance core: takes values one by one from a training loop and hands them over in batches, in order, each once.
 *
 * The loop may block the event loop for whole epochs, so no timer can be relied on: `append`, which is given the clock anyway,
 * notices that a hand-over is due and does it on the spot. Where the sink writes synchronously the values are then at the
 * backend; where a journal stands before a network they are safe on disk and are sent whenever the loop turns.
 */
export class MetricQueue {
  readonly #outbox: Outbox;
  readonly #journalWriter: JournalWriter | undefined;
  readonly #isSync: boolean;
  readonly #flushInterval: number | ((ageMs: number) => number);
  /** By performance.now. */
  readonly #begunAt = performance.now();
  readonly #onHandOver: (() => void) | undefined;
  readonly #sealAt: number;

  // The open segment's columns, repeated here because every append touches them.
  #open = new Segment(0);
  #seriesIds = this.#open.columns.seriesIds;
  #values = this.#open.columns.values;
  #timestamps = this.#open.columns.timestamps;
  #steps = this.#open.columns.steps;
  #length = 0;
  // Whether a hand-over is due need only be asked again when the clock has moved on, or when this many values are open.
  #clock = 0;
  #askAt = 0;

  // All by Date.now.
  #dueAt = 0;
  #handedOverAt = 0;
  /** When the oldest open entry came. */
  #openedAt = 0;

  #isClosed = false;
  #isHandingOver = false;
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<QueueStats> | undefined;

  constructor(options: MetricQueueOptions) {
    const { sink, journal, onTrouble } = options;
    const maxPendingEntries = options.maxPendingEntries ?? DEFAULT_MAX_PENDING_ENTRIES;
    const outbox = new Outbox({ sink, journal, maxPendingEntries, onTrouble });
    this.#outbox = outbox;
    this.#journalWriter =
      journal === undefined ? undefined : new JournalWriter(journal, (error) => outbox.tally.report(error));
    this.#isSync = "writeSync" in sink;
    this.#flushInterval = options.flushIntervalMs ?? sink.limits.flushIntervalMs ?? DEFAULT_FLUSH_INTERVAL_MS;
    this.#onHandOver = options.onHandOver;
    this.#sealAt = Math.min(CHUNK_VALUES, sink.limits.maxBatchValues ?? CHUNK_VALUES);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get stats(): QueueStats {
    return this.#outbox.stats(this.#length + this.#openItems);
  }

  /** Interns a series: checked and stored once, then named by the number this answers. */
  addSeries(series: Series): number {
    return this.#outbox.series.push(series) - 1;
  }

  /**
   * Takes one value. Never throws for I/O, allocates nothing.
   *
   * @param now - The clock (Date.now): usually the timestamp itself.
   * @throws {TidemarkError} `RUN_ENDED` after {@link close}
   */
  append(seriesId: number, value: number, timestamp: number, step: number, now: number): void {
    const index = this.#length;
    this.#seriesIds[index] = seriesId;
    this.#values[index] = value;
    this.#timestamps[index] = timestamp;
    this.#steps[index] = step;
    this.#length = index + 1;
    if (now !== this.#clock || index + 1 >= this.#askAt) this.#afterAppend(now);
  }

  appendParam(param: Param): void {
    this.#refuseIfClosed();
    this.#open.params.push(param);
    this.#afterAppend(Date.now());
  }

  appendTag(tag: Tag): void {
    this.#refuseIfClosed();
    this.#open.tags.push(tag);
    this.#afterAppend(Date.now());
  }

  appendInput(input: DatasetInput): void {
    this.#refuseIfClosed();
    this.#open.inputs.push(input);
    this.#afterAppend(Date.now());
  }

  /** Takes a mark behind everything that was appended before, and hands all of it over: whoever marks a place means to come back to it. */
  appendMark(mark: Mark): void {
    this.#refuseIfClosed();
    this.#open.marks.push(mark);
    // What comes later must not get into its segment.
    this.#seal();
    this.#handOver();
  }

  /**
   * Settles when everything appended before the call is at the backend. What is appended meanwhile neither prolongs it nor is
   * forgotten.
   *
   * @throws {TidemarkError} `FLUSH_INCOMPLETE` after the retries are spent or when something was lost, with the counts as
   *   details and the last failure as cause; `DEADLINE_EXCEEDED`; `CANCELLED`
   */
  async flush(options: FlushOptions = {}): Promise<void> {
    const { timeoutMs, signal, accept, durable = false } = options;
    this.#seal();
    const settled = this.#outbox.whenSettled({ timeoutMs, signal, acceptSpooled: accept === "spooled" });
    this.#handOver();
    await settled;
    if (this.#outbox.tally.unreportedLoss > 0) throw this.#outbox.tally.incomplete(this.stats);
    if (durable) await this.#outbox.makeDurable();
  }

  /**
   * Takes no more values, delivers what is left and lets go of the sink. Calls after the first get the same promise.
   *
   * @param options.timeoutMs - How long the backend may take nothing. What it has not taken then stays on the journal, or is
   *   dropped and counted where there is none. Default 5,000.
   * @throws {TidemarkError} `FLUSH_INCOMPLETE` when something was lost that no flush has told of
   */
  close(options: { timeoutMs?: number | undefined } = {}): Promise<QueueStats> {
    this.#closing ??= this.#close(options.timeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS);
    return this.#closing;
  }

  /** Brings everything to a safe place without waiting, for the end of a process. What has no safe place is dropped. */
  writeOutSync(): void {
    this.#seal();
    // At the end of a process that was left in the middle of a hand-over, the sink's state is unknown.
    if (!this.#isHandingOver) this.#outbox.deliverSync(true);
    this.#outbox.giveUp(this.#journalWriter);
  }

  get #flushIntervalMs(): number {
    return typeof this.#flushInterval === "number"
      ? this.#flushInterval
      : this.#flushInterval(performance.now() - this.#begunAt);
  }

  /** When the oldest entry came that is not due for its number; `undefined` where there is none. */
  get #waitingSince(): number | undefined {
    return this.#outbox.heldSince ?? (this.#length + this.#openItems > 0 ? this.#openedAt : undefined);
  }

  get #openItems(): number {
    return this.#open.params.length + this.#open.tags.length + this.#open.inputs.length + this.#open.marks.length;
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new TidemarkError("RUN_ENDED", "the run has ended and takes nothing more");
  }

  #afterAppend(now: number): void {
    if (this.#isClosed) {
      this.#length = 0;
      this.#refuseIfClosed();
    }
    if (this.#length + this.#openItems === 1) this.#openedAt = now;
    this.#clock = now;
    this.#askAt = this.#sealAt;
    // A clock that was set back must not postpone the hand-over until it has caught up.
    if (now >= this.#dueAt || now < this.#handedOverAt) this.#handOver();
    else if (this.#length < this.#sealAt) this.#armTimer(this.#dueAt - now);
    // While a sink fails, full chunks only queue up: trying again for each would hammer it.
    else if (this.#outbox.isFailing) {
      this.#seal();
      this.#armTimer(this.#flushIntervalMs);
    } else this.#handOver();
  }

  /** Hands over what is waiting, as far as that is possible without giving up the thread. */
  #handOver(): void {
    if (this.#isHandingOver) {
      if (this.#length >= this.#sealAt) this.#seal();
      return;
    }
    this.#isHandingOver = true;
    const begun = performance.now();
    let waitMs: number;
    try {
      waitMs = this.#isSync ? this.#handOverToSink() : this.#handOverToSender();
    } finally {
      this.#isHandingOver = false;
    }
    const costMs = performance.now() - begun;
    const now = Date.now();
    this.#handedOverAt = now;
    this.#dueAt = now + Math.max(waitMs, Math.min(COST_FACTOR * costMs, this.#flushIntervalMs));
    // What is still open, or waits for a full batch, is on the journal and waits for its age; what a synchronous sink refused, for the next attempt.
    const waitingSince = this.#waitingSince;
    if (waitingSince !== undefined) this.#armTimer(waitingSince + this.#flushIntervalMs - now);
    else if (this.#isSync && !this.#outbox.isEmpty) this.#armTimer(this.#dueAt - now);
    try {
      this.#onHandOver?.();
    } catch {
      // What is only due by time must not break the training that happens to be asking.
    }
  }

  #handOverToSink(): number {
    this.#seal();
    return this.#outbox.deliverSync();
  }

  #handOverToSender(): number {
    const isOld = Date.now() - (this.#waitingSince ?? this.#openedAt) >= this.#flushIntervalMs;
    const isUnsafe = this.#journalWriter === undefined && !this.#outbox.waitsForFullBatches;
    if (isUnsafe || isOld || this.#length >= this.#sealAt) this.#seal();
    else {
      this.#open.columns.length = this.#length;
      this.#journalWriter?.write(this.#open, this.#outbox.series);
    }
    if (isOld) this.#outbox.startSendingAll();
    else this.#outbox.startSending();
    // Without a journal nothing is gained by a hand-over before the sink's next batch is due.
    return this.#journalWriter === undefined ? this.#flushIntervalMs : 0;
  }

  /** Closes the open segment and begins a new one. */
  #seal(): void {
    const segment = this.#open;
    segment.columns.length = this.#length;
    const { count } = segment;
    if (count === 0) return;
    segment.openedAt = this.#openedAt;
    const journaledFrom = this.#journalWriter?.seal(segment, this.#outbox.series);
    this.#outbox.push(segment, journaledFrom);
    this.#open = new Segment(segment.start + count);
    const { columns } = this.#open;
    this.#seriesIds = columns.seriesIds;
    this.#values = columns.values;
    this.#timestamps = columns.timestamps;
    this.#steps = columns.steps;
    this.#length = 0;
    this.#askAt = 1;
  }

  async #close(timeoutMs: number): Promise<QueueStats> {
    this.#seal();
    this.#isClosed = true;
    this.#askAt = 0;
    const settled = this.#outbox.whenSettled({ silenceMs: timeoutMs });
    this.#handOver();
    let isComplete = true;
    await settled.catch(() => {
      isComplete = false;
    });
    const { unreportedLoss } = this.#outbox.tally;
    this.#outbox.abort();
    clearTimeout(this.#timer);
    this.writeOutSync();
    await this.#outbox.close();
    const { stats } = this;
    if (unreportedLoss > 0 || (!isComplete && stats.dropped > 0)) throw this.#outbox.tally.incomplete(stats);
    return stats;
  }

  #armTimer(waitMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = startTimer(
      () => {
        this.#timer = undefined;
        if (this.#length + this.#openItems > 0 || !this.#outbox.isEmpty) this.#handOver();
      },
      Math.max(1, waitMs),
    );
    this.#timer.unref();
  }
}
