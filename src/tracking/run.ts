import { warnOnce } from "../base/diagnostics.ts";
import { invalidArgument, type TidemarkError } from "../base/errors.ts";
import { newId } from "../base/ids.ts";
import type { Backend } from "../contract/backend.ts";
import { type FlushOptions, MetricQueue } from "../queue/metric-queue.ts";
import type { QueueStats } from "../queue/queue-stats.ts";
import { checkArgument } from "../schema/check.ts";
import { type Dataset, datasetSchema } from "../schema/dataset.ts";
import { DATASET_CONTEXT_TAG, RUN_NAME_TAG } from "../schema/known-tags.ts";
import { markNameSchema } from "../schema/mark.ts";
import type { ExperimentRef, RunStatus } from "../schema/run.ts";
import { DISPLAY, type MimeBundle } from "./display/mime-bundle.ts";
import { flattenParam, flattenParams } from "./flatten-params.ts";
import { ReapWatch } from "./life/reap-watch.ts";
import type { LogImageOptions } from "./media/log-image.ts";
import type { LoggableImage } from "./media/picture.ts";
import type { TableData } from "./media/table.ts";
import { type MetricHandle, MetricLogger, type MetricOptions } from "./metric-logger.ts";
import { RunArtifacts } from "./run-artifacts.ts";
import { RunLabels } from "./run-labels.ts";
import { RunLifecycle } from "./run-lifecycle.ts";
import {
  type EndOptions,
  endOptionsSchema,
  flushOptionsSchema,
  type LogInputOptions,
  logInputOptionsSchema,
  type OpenRunOptions,
  type TransferOptions,
} from "./run-options.ts";
import type { RunPlace } from "./run-place.ts";
import { type SystemMetrics, startSystemMetrics } from "./system-metrics/system-metrics.ts";

/** The metric keys a run takes, for those who want them checked by the compiler: `startRun<{ loss: number }>()`. */
export type MetricKeys = Record<string, number>;

/** What a run is made of. @internal */
export interface RunParts {
  readonly backend: Backend;
  readonly place: RunPlace;
  readonly flushIntervalMs?: number | undefined;
  readonly handleSignals: boolean;
  readonly systemMetrics: boolean;
  readonly onError?: ((error: TidemarkError) => void) | undefined;
  /** Answers which ML packages are loaded; absent where the environment is not recorded. */
  readonly packagesTag: (() => string | undefined) | undefined;
  readonly openChild: (parent: Run, options: OpenRunOptions) => Promise<Run>;
}

/**
 * An open run: takes params, metrics, tags, datasets and files until it ends.
 *
 * `log*` and `set*` calls without a promise only hand over: they check their arguments and throw for nothing else. Trouble with
 * the backend shows in {@link Run.stats}, in `onError`, and when `flush` or `end` rejects.
 *
 * @example
 * ```ts
 * import { startRun } from "tidemark";
 *
 * const run = await startRun({ experiment: "docs", params: { lr: 0.1 } });
 * for (let step = 0; step < 100; step++) run.logMetric("loss", 1 / (step + 1));
 * await run.end();
 * ```
 */
export class Run<Metrics extends MetricKeys = MetricKeys> {
  readonly #queue: MetricQueue;
  readonly #metrics: MetricLogger;
  readonly #parts: RunParts;
  readonly #lifecycle: RunLifecycle;
  readonly #artifacts: RunArtifacts;
  readonly #systemMetrics: SystemMetrics | undefined;
  readonly #labels: RunLabels;
  readonly #reapWatch: ReapWatch;
  readonly #id: string;
  #name: string;

  /** @internal Runs are opened by `startRun`, `withRun` and `run.startChild`. */
  constructor(parts: RunParts) {
    const { place, flushIntervalMs } = parts;
    const { sink, journal, entity } = place;
    this.#parts = parts;
    this.#id = entity.id;
    this.#name = entity.name;
    this.#queue = new MetricQueue({
      sink,
      ...(journal === undefined ? {} : { journal }),
      flushIntervalMs,
      onTrouble: (error) => this.#tellTrouble(error),
      onHandOver: () => {
        this.#reapWatch.noteHandOver();
        this.#systemMetrics?.sampleIfDue();
      },
    });
    this.#reapWatch = new ReapWatch((isWanted) => place.revive(isWanted));
    this.#metrics = new MetricLogger(this.#queue, sink, entity.latestMetrics);
    this.#labels = new RunLabels(this.#queue, sink, entity.params);
    this.#systemMetrics = parts.systemMetrics
      ? startSystemMetrics({ log: (metrics) => this.#metrics.logMetrics(metrics, undefined) })
      : undefined;
    this.#lifecycle = new RunLifecycle({
      place,
      queue: this.#queue,
      reapWatch: this.#reapWatch,
      handleSignals: parts.handleSignals,
      packagesTag: parts.packagesTag,
    });
    this.#artifacts = new RunArtifacts({
      place,
      appendTag: (key, value) => this.#labels.setTag(key, value),
      track: (upload) => this.#lifecycle.track(upload),
    });
  }

  /**
   * The backend's id, 32 hexadecimal digits, valid everywhere in Tidemark and MLflow. A run that began while its backend was away
   * has a local one (`local-…`) for good: Tidemark finds the run by it all the same, by the tag `tidemark.localRunId`.
   */
  get id(): string {
    return this.#id;
  }

  /** The id by which the backend knows the run; `undefined` as long as it does not know it. */
  get backendId(): string | undefined {
    return this.#parts.place.backendId;
  }

  /** Waits for the backend to know the run, and answers its id there; `undefined` where it is away. @internal */
  async reach(): Promise<string | undefined> {
    return await this.#parts.place.reach();
  }

  get name(): string {
    return this.#name;
  }

  /** Empty while the backend is away and the experiment is known by its name only. */
  get experimentId(): string {
    return this.#parts.place.entity.experimentId;
  }

  /** Where the run is kept, and where what belongs to it goes. @internal */
  get home(): { readonly backend: Backend; readonly experiment: ExperimentRef } {
    const { backend, place } = this.#parts;
    return { backend, experiment: place.experiment };
  }

  /** The URI below which the run's files are. */
  get artifactUri(): string {
    return this.#parts.place.entity.artifactUri;
  }

  get status(): RunStatus {
    return this.#lifecycle.status;
  }

  /** What became of everything the run was given: `appended = acknowledged + rejected + dropped + pending`. */
  get stats(): QueueStats {
    return this.#queue.stats;
  }

  /**
   * Logs one value. Takes well under a microsecond; never throws for I/O.
   *
   * @param value - Any float64; NaN and the infinities are kept.
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`
   */
  logMetric<Key extends keyof Metrics & string>(key: Key, value: number, options?: MetricOptions): void {
    this.#metrics.logMetric(key, value, options);
  }

  /**
   * Logs several values at one step: one more than the largest last step of their keys, unless `options.step` says otherwise.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`; nothing of the call is logged then
   */
  logMetrics(metrics: Readonly<Partial<Metrics>>, options?: MetricOptions): void {
    this.#metrics.logMetrics(metrics, options);
  }

  /** A handle for hot loops: the key is looked up once. */
  metric(key: keyof Metrics & string): MetricHandle {
    return this.#metrics.metric(key);
  }

  /**
   * Logs a param. A param never changes: logging the same value again does nothing, another value is refused by the backend.
   *
   * @param value - Text, or anything that becomes text; a nested object becomes several params with dotted keys.
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`
   */
  logParam(key: string, value: unknown): void {
    this.#labels.logParams(flattenParam(key, value));
  }

  /** Logs every property of an object as a param; nested objects become dotted keys. */
  logParams(params: Readonly<Record<string, unknown>>): void {
    this.#labels.logParams(flattenParams(params));
  }

  /**
   * Sets a tag; the last value wins.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`
   */
  setTag(key: string, value: string | number | boolean): void {
    this.#labels.setTag(key, value);
    if (key === RUN_NAME_TAG) this.#name = String(value);
  }

  /** Sets every property of an object as a tag. */
  setTags(tags: Readonly<Record<string, string | number | boolean>>): void {
    if (typeof tags !== "object" || tags === null) throw invalidArgument("tags", tags, "an object");
    for (const key of Object.keys(tags)) this.setTag(key, tags[key] as string);
  }

  /**
   * Records that the run used a dataset.
   *
   * @param dataset - Made by `dataset({ ... })`.
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`
   */
  logInput(dataset: Dataset, options: LogInputOptions = {}): void {
    const { context } = checkArgument("options", logInputOptionsSchema, options);
    this.#queue.appendInput({
      dataset: checkArgument("dataset", datasetSchema, dataset),
      tags: context === undefined ? {} : { [DATASET_CONTEXT_TAG]: context },
    });
  }

  /**
   * Marks this place of the run: all that was logged before the call is before the mark, whatever steps it has. `startRun({ runId, fromMark })`
   * goes on from here. The same name again moves the mark. Like every call of this kind it only hands over: `flush` waits for it too.
   *
   * @param name - 1 to 100 letters, digits, `_`, `-`, `.` and spaces.
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`
   * @example
   * ```ts
   * import { startRun } from "tidemark";
   *
   * const run = await startRun({ experiment: "docs" });
   * run.logMetric("loss", 0.5);
   * run.mark("checkpoint");
   * run.logMetric("loss", 0.4);
   * await run.end({ status: "FAILED" });
   *
   * const again = await startRun({ runId: run.id, fromMark: "checkpoint" });
   * again.logMetric("loss", 0.3); // step 1: the 0.4 that had it is gone
   * await again.end();
   * ```
   */
  mark(name: string): void {
    this.#queue.appendMark({ name: checkArgument("name", markNameSchema, name), id: newId(), time: Date.now() });
  }

  /**
   * Copies a local file, or a directory with all it holds, to the run's artifacts.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `CANCELLED`, or the backend's error
   */
  logArtifact(localPath: string, options: TransferOptions = {}): Promise<void> {
    return this.#artifacts.logArtifact(localPath, options);
  }

  /** Copies what a local directory holds to the run's artifacts, several files at a time. */
  logArtifacts(localDirectory: string, options: TransferOptions = {}): Promise<void> {
    return this.#artifacts.logArtifacts(localDirectory, options);
  }

  /** Writes a text to a file of the run's artifacts. */
  logText(text: string, path: string): Promise<void> {
    return this.#artifacts.logText(text, path);
  }

  /** Writes a value as JSON, indented by two spaces, to a file of the run's artifacts. */
  logJson(value: unknown, path: string): Promise<void> {
    return this.#artifacts.logJson(value, path);
  }

  /**
   * Writes a table to a `.json` file of the run's artifacts, or adds the rows to the table that is there. Images in cells become
   * files of their own. MLflow's UI shows such tables, `mlflow.load_table` reads them.
   *
   * @param rows - An object per row, or an object of columns: `{ text: ["a", "b"], score: [0.1, 0.9] }`.
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `DATA_DAMAGED` when the file holds no table, or the backend's error
   */
  logTable(rows: TableData, path: string): Promise<void> {
    return this.#artifacts.logTable(rows, path);
  }

  /**
   * Writes an image: of a series that MLflow's UI shows step by step, by its key; or to a file, by its path.
   *
   * @param image - The bytes of a PNG or JPEG file; raw pixels, like a canvas's `ImageData`; or a tensor.
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`, or the backend's error
   */
  logImage(image: LoggableImage, target: string | LogImageOptions): Promise<void> {
    return this.#artifacts.logImage(image, target);
  }

  /**
   * Settles when everything logged before the call is at the backend.
   *
   * @throws {TidemarkError} `FLUSH_INCOMPLETE` with the counts as details and the last failure as cause, after the retries are
   *   spent or when something was lost; `DEADLINE_EXCEEDED` after `timeoutMs`; `CANCELLED`
   */
  async flush(options: FlushOptions = {}): Promise<void> {
    await this.#queue.flush(checkArgument("options", flushOptionsSchema, options));
  }

  /**
   * Ends the run: takes no more, delivers what is left, writes the status last. Calls after the first get the same promise. Where a
   * server does not answer in time, what is left rests in the local spool, and a warning says so.
   *
   * @throws {TidemarkError} `FLUSH_INCOMPLETE` when something was lost; the backend's error when the status could not be set
   */
  end(options: EndOptions = {}): Promise<void> {
    const { status, timeoutMs } = checkArgument("options", endOptionsSchema, options);
    this.#systemMetrics?.stop();
    return this.#lifecycle.end(status ?? "FINISHED", timeoutMs);
  }

  /** Ends the run FINISHED: it cannot see whether an exception is on its way. `withRun` can. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** Deno's notebooks show the run as tables and curves, with what was logged a moment ago. */
  async [DISPLAY](): Promise<MimeBundle> {
    const { showOpenRun } = await import("./display/show-open-run.ts");
    return await showOpenRun(this);
  }

  /** Opens a run that is a part of this one, in the same experiment unless the options say otherwise. */
  startChild<ChildMetrics extends MetricKeys = MetricKeys>(options: OpenRunOptions = {}): Promise<Run<ChildMetrics>> {
    return this.#parts.openChild(this as unknown as Run, options) as unknown as Promise<Run<ChildMetrics>>;
  }

  /**
   * Calls a function whenever the run may be about to take no more, by `end` or with the process: for values that are collected, and
   * logged from time to time. The answered function takes the wish back. @internal
   */
  beforeEnd(call: () => void): () => void {
    return this.#lifecycle.beforeEnd(call);
  }

  /**
   * Logs a param unless the run has another value for it: what is logged without being asked must not be refused later.
   *
   * @returns false where another value stays
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`
   * @internal
   */
  offerParam(key: string, value: string): boolean {
    const known = this.#labels.paramOf(key);
    if (known === undefined) this.logParam(key, value);
    return known === undefined || known === value;
  }

  /** Makes the run's end wait for what belongs to it. @internal */
  track<T>(work: Promise<T>): Promise<T> {
    return this.#lifecycle.track(work);
  }

  /** Keeps an error with the run, as a tag. @internal */
  recordError(error: unknown): void {
    this.#lifecycle.recordError(error);
  }

  #tellTrouble(error: TidemarkError): void {
    warnOnce(`run:${this.id}:${error.code}`, `run ${this.id}: ${error.message} (${error.code}); training goes on`);
    this.#parts.onError?.(error);
  }
}
