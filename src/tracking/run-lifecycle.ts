import { warnOnce } from "../base/diagnostics.ts";
import { describe, messageOf } from "../base/errors.ts";
import { truncate } from "../base/text.ts";
import { joinProcessExit, type ProcessEnd } from "../queue/exit-hooks.ts";
import type { MetricQueue } from "../queue/metric-queue.ts";
import { MAX_TAG_VALUE_LENGTH } from "../schema/limits.ts";
import type { RunStatus } from "../schema/run.ts";
import type { ReapWatch } from "./life/reap-watch.ts";
import type { RunEnd, RunPlace } from "./run-place.ts";

/** What the life of an open run depends on. */
export interface RunLifecycleParts {
  readonly place: RunPlace;
  readonly queue: MetricQueue;
  readonly reapWatch: ReapWatch;
  readonly handleSignals: boolean;
  /** Answers which ML packages are loaded; absent where the environment is not recorded. */
  readonly packagesTag: (() => string | undefined) | undefined;
}

/** How long a backend may take to answer when a run ends. */
const DEFAULT_END_TIMEOUT_MS = 5_000;

const PACKAGES_TAG = "tidemark.packages";
const ERROR_TAG = "tidemark.error";

/** Brings a run to its end, by its owner's word or with the process: values first, status last, each exactly once. */
export class RunLifecycle {
  readonly #parts: RunLifecycleParts;
  readonly #leaveProcessExit: () => void;
  readonly #uploads = new Set<Promise<unknown>>();
  readonly #beforeEnd = new Set<() => void>();
  #status: RunStatus = "RUNNING";
  #ending: Promise<void> | undefined;
  #hasEnded = false;
  /** The process ran out of work once already: a sink that keeps refusing must not keep it alive for ever. */
  #hasSettled = false;

  constructor(parts: RunLifecycleParts) {
    this.#parts = parts;
    this.#leaveProcessExit = joinProcessExit({
      handlesSignals: parts.handleSignals,
      settle: (end) => this.#settleBeforeExit(end),
      finishSync: (end) => this.#finishSync(end),
    });
  }

  get status(): RunStatus {
    return this.#status;
  }

  /** Makes the end wait for an upload. */
  track<T>(upload: Promise<T>): Promise<T> {
    this.#uploads.add(upload);
    const forget = () => this.#uploads.delete(upload);
    upload.then(forget, forget);
    return upload;
  }

  /**
   * Calls a function whenever the run may be about to take no more: when it ends, when the process runs out of work, when it exits. The
   * answered function takes the wish back.
   */
  beforeEnd(call: () => void): () => void {
    this.#beforeEnd.add(call);
    return () => this.#beforeEnd.delete(call);
  }

  /** Calls after the first get the same promise. */
  end(status: RunStatus, timeoutMs: number | undefined): Promise<void> {
    if (this.#ending === undefined) {
      this.#takeLastValues();
      this.#status = status;
      this.#ending = this.#end(timeoutMs ?? DEFAULT_END_TIMEOUT_MS);
    }
    return this.#ending;
  }

  /** Keeps an error with the run, as a tag. */
  recordError(error: unknown): void {
    if (this.#parts.queue.isClosed) return;
    const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : describe(error);
    this.#parts.queue.appendTag({ key: ERROR_TAG, value: truncate(text, MAX_TAG_VALUE_LENGTH) });
  }

  async #end(timeoutMs: number): Promise<void> {
    const { place, queue, reapWatch } = this.#parts;
    this.#recordPackages();
    const closed = queue.close({ timeoutMs });
    // Read below, after the uploads: until then a rejection must not count as unhandled.
    closed.catch(() => {});
    const isUploaded = await this.#uploadsEnd(timeoutMs);
    const failures: unknown[] = [];
    await closed.catch((error: unknown) => failures.push(error));
    const isDelivered = isUploaded && queue.stats.pending === 0;
    await place.finish(this.#runEnd(), isDelivered, timeoutMs, reapWatch.stop()).then(
      () => {
        this.#hasEnded = true;
        this.#leaveProcessExit();
      },
      // The exit of the process is one more chance to write the status.
      (error: unknown) => failures.push(error),
    );
    if (failures.length > 0) throw failures[0];
  }

  /** Waits for uploads under way. False where there was no time for all of them. */
  async #uploadsEnd(timeoutMs: number): Promise<boolean> {
    let isUploaded = true;
    const timer = setTimeout(() => {
      isUploaded = false;
      this.#parts.place.hurry();
    }, timeoutMs);
    await Promise.allSettled(this.#uploads);
    clearTimeout(timer);
    return isUploaded;
  }

  /** Libraries are often imported after the run has started. */
  #recordPackages(): void {
    const { place, queue, packagesTag } = this.#parts;
    const packages = packagesTag?.();
    if (packages === undefined || packages === place.entity.tags[PACKAGES_TAG] || queue.isClosed) return;
    queue.appendTag({ key: PACKAGES_TAG, value: packages });
  }

  #runEnd(): RunEnd {
    return { status: this.#status, endTime: Date.now() };
  }

  #takeLastValues(): void {
    for (const call of [...this.#beforeEnd]) {
      try {
        call();
      } catch (error) {
        this.#warnOfEnd(error);
      }
    }
  }

  #settleBeforeExit(end: ProcessEnd): Promise<void> | undefined {
    if (this.#hasSettled || this.#ending !== undefined) return undefined;
    this.#hasSettled = true;
    this.#takeLastValues();
    const { queue, place } = this.#parts;
    // Where the status can be written synchronously it waits for the exit event, which knows the exit code better.
    if (place.endsSync && queue.stats.pending === 0) return undefined;
    if (end.error !== undefined) this.recordError(end.error);
    const settled = place.endsSync ? queue.flush() : this.end(end.status, undefined);
    return settled.catch((error: unknown) => this.#warnOfEnd(error));
  }

  #finishSync(end: ProcessEnd): void {
    if (this.#hasEnded) return;
    if (this.#ending === undefined) this.#takeLastValues();
    try {
      if (end.error !== undefined) this.recordError(end.error);
      this.#parts.queue.writeOutSync();
      // A run whose end is under way keeps the status its owner chose.
      if (this.#status === "RUNNING") this.#status = end.status;
      this.#parts.place.finishSync(this.#runEnd());
    } catch (error) {
      this.#warnOfEnd(error);
    }
  }

  #warnOfEnd(error: unknown): void {
    const { id } = this.#parts.place.entity;
    warnOnce(`end:${id}`, `run ${id} could not be ended properly: ${messageOf(error)}`);
  }
}
