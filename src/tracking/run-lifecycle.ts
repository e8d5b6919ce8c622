import { log, warnOnce } from "../base/diagnostics.ts";
import { describe, messageOf } from "../base/errors.ts";
import { truncate } from "../base/text.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type { TrackingStore } from "../contract/tracking-store.ts";
import { joinProcessExit, type ProcessEnd } from "../queue/exit-hooks.ts";
import type { MetricQueue } from "../queue/metric-queue.ts";
import { MAX_TAG_VALUE_LENGTH } from "../schema/limits.ts";
import type { RunEntity, RunStatus, UpdateRun } from "../schema/run.ts";
import { writeOnce } from "./write-once.ts";

/** What the life of an open run depends on. */
export interface RunLifecycleParts {
  readonly store: TrackingStore;
  readonly entity: RunEntity;
  readonly sink: MetricSink;
  readonly queue: MetricQueue;
  readonly handleSignals: boolean;
  /** Answers which ML packages are loaded; absent where the environment is not recorded. */
  readonly packagesTag: (() => string | undefined) | undefined;
}

const PACKAGES_TAG = "tidemark.packages";
const ERROR_TAG = "tidemark.error";

/** Brings a run to its end, by its owner's word or with the process: values first, status last, each exactly once. */
export class RunLifecycle {
  readonly #parts: RunLifecycleParts;
  readonly #leaveProcessExit: () => void;
  readonly #uploads = new Set<Promise<void>>();
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
  track(upload: Promise<void>): Promise<void> {
    this.#uploads.add(upload);
    const forget = () => this.#uploads.delete(upload);
    upload.then(forget, forget);
    return upload;
  }

  /** Calls after the first get the same promise. */
  end(status: RunStatus, timeoutMs: number | undefined): Promise<void> {
    if (this.#ending === undefined) {
      this.#status = status;
      this.#ending = this.#end(timeoutMs);
    }
    return this.#ending;
  }

  /** Keeps an error with the run, as a tag. */
  recordError(error: unknown): void {
    if (this.#parts.queue.isClosed) return;
    const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : describe(error);
    this.#parts.queue.appendTag({ key: ERROR_TAG, value: truncate(text, MAX_TAG_VALUE_LENGTH) });
  }

  async #end(timeoutMs: number | undefined): Promise<void> {
    const closed = this.#parts.queue.close({ timeoutMs });
    // Read below, after the uploads: until then a rejection must not count as unhandled.
    closed.catch(() => {});
    await Promise.allSettled(this.#uploads);
    const failures: unknown[] = [];
    await closed.catch((error: unknown) => failures.push(error));
    await this.#recordPackages();
    await this.#parts.store.updateRun(this.#finalUpdate()).then(
      () => {
        this.#hasEnded = true;
        this.#leaveProcessExit();
      },
      // The exit of the process is one more chance to write the status.
      (error: unknown) => failures.push(error),
    );
    if (failures.length > 0) throw failures[0];
  }

  /** Libraries are often imported after the run has started. */
  async #recordPackages(): Promise<void> {
    const { store, entity, packagesTag } = this.#parts;
    const packages = packagesTag?.();
    if (packages === undefined || packages === entity.tags[PACKAGES_TAG]) return;
    const tags = [{ key: PACKAGES_TAG, value: packages }];
    await writeOnce(store, entity.id, { tags }).catch((error: unknown) => {
      log("debug", `run ${entity.id}: the packages loaded could not be recorded: ${messageOf(error)}`);
    });
  }

  #finalUpdate(): UpdateRun {
    return { runId: this.#parts.entity.id, status: this.#status, endTime: Date.now() };
  }

  #settleBeforeExit(end: ProcessEnd): Promise<void> | undefined {
    if (this.#hasSettled || this.#ending !== undefined) return undefined;
    this.#hasSettled = true;
    const { queue, sink, store } = this.#parts;
    // Where the status can be written synchronously it waits for the exit event, which knows the exit code better.
    const canFinishSync = "writeSync" in sink && store.updateRunSync !== undefined;
    if (canFinishSync && queue.stats.pending === 0) return undefined;
    if (end.error !== undefined) this.recordError(end.error);
    const settled = canFinishSync ? queue.flush() : this.end(end.status, undefined);
    return settled.catch((error: unknown) => this.#warnOfEnd(error));
  }

  #finishSync(end: ProcessEnd): void {
    if (this.#hasEnded) return;
    try {
      if (end.error !== undefined) this.recordError(end.error);
      this.#parts.queue.writeOutSync();
      // A run whose end is under way keeps the status its owner chose.
      if (this.#status === "RUNNING") this.#status = end.status;
      this.#parts.store.updateRunSync?.(this.#finalUpdate());
    } catch (error) {
      this.#warnOfEnd(error);
    }
  }

  #warnOfEnd(error: unknown): void {
    const { id } = this.#parts.entity;
    warnOnce(`end:${id}`, `run ${id} could not be ended properly: ${messageOf(error)}`);
  }
}
