import { describe, invalidArgument, TidemarkError } from "../base/errors.ts";
import { checkKey } from "../base/key-rules.ts";
import type { Series } from "../contract/batch.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type { MetricQueue } from "../queue/metric-queue.ts";
import type { Metric } from "../schema/metric.ts";

/** What may be said about a logged value beside key and value. */
export interface MetricOptions {
  /** Position in the training, a safe integer. Default: one more than the key's last step; the first is 0. */
  readonly step?: number | undefined;
  /** Milliseconds since 1970. Default: now. */
  readonly timestamp?: number | undefined;
  /** Id of the logged model the value was measured on. */
  readonly model?: string | undefined;
  /** The dataset the value was measured on. */
  readonly dataset?: { readonly name: string; readonly digest: string } | undefined;
}

/** What a run knows about one metric key. */
interface KeyState {
  readonly key: string;
  /** Index of the series without model and dataset, in which nearly all values are. */
  readonly seriesId: number;
  lastStep: number;
  /** Series with a model or a dataset, by both. Absent until the first. */
  linked: Map<string, number> | undefined;
}

const OPTION_NAMES: ReadonlySet<string> = new Set(["step", "timestamp", "model", "dataset"]);

/**
 * Checks metric values, gives them a step and a time, and hands them to the queue. A key is checked once and then found by one
 * map look-up: this is the hottest code of the package.
 */
export class MetricLogger {
  readonly #queue: MetricQueue;
  readonly #sink: MetricSink;
  readonly #keys = new Map<string, KeyState>();
  // Scratch of logMetrics: all values of a call are checked before the first is appended.
  readonly #states: KeyState[] = [];
  readonly #values: number[] = [];

  constructor(queue: MetricQueue, sink: MetricSink, latest: readonly Metric[] = []) {
    this.#queue = queue;
    this.#sink = sink;
    for (const { key, step } of latest) this.#addKey(key, step);
  }

  logMetric(key: string, value: number, options: MetricOptions | undefined): void {
    const state = this.#keys.get(key);
    if (options === undefined && state !== undefined && typeof value === "number") {
      const now = Date.now();
      this.#queue.append(state.seriesId, value, now, nextStep(state), now);
    } else this.#logChecked(key, value, options);
  }

  /** One step for the whole call: one more than the largest last step of its keys. */
  logMetrics(metrics: Readonly<Record<string, number | undefined>>, options: MetricOptions | undefined): void {
    if (options !== undefined) checkOptions(options);
    if (typeof metrics !== "object" || metrics === null)
      throw invalidArgument("metrics", metrics, "an object of numbers");
    const states = this.#states;
    const values = this.#values;
    let count = 0;
    let lastStep = -1;
    for (const key in metrics) {
      const value = metrics[key];
      if (typeof value !== "number") throw invalidArgument(`metrics.${key}`, value, "a number");
      // A loop passes the same keys again and again: the state that stood here last time is nearly always the right one.
      let state = states[count];
      if (state === undefined || state.key !== key) {
        state = this.#keys.get(key) ?? this.#newKey(key);
        states[count] = state;
      }
      values[count++] = value;
      // A key without a value yet has no say: its first step would be 0.
      if (state.lastStep > lastStep) lastStep = state.lastStep;
    }
    const now = Date.now();
    const timestamp = options?.timestamp ?? now;
    const step = options?.step ?? safeNext(lastStep);
    for (let i = 0; i < count; i++) {
      const state = states[i] as KeyState;
      state.lastStep = step;
      const seriesId = options === undefined ? state.seriesId : this.#seriesFor(state, options);
      this.#queue.append(seriesId, values[i] as number, timestamp, step, now);
    }
  }

  /** A handle that has done the look-up once. */
  metric(key: string): MetricHandle {
    return new MetricHandle(this.#queue, this.#keys.get(key) ?? this.#newKey(key));
  }

  #logChecked(key: string, value: number, options: MetricOptions | undefined): void {
    if (typeof value !== "number") throw invalidArgument("value", value, `a number for metric ${describe(key)}`);
    if (options !== undefined) checkOptions(options);
    const state = this.#keys.get(key) ?? this.#newKey(key);
    const now = Date.now();
    const step = options?.step ?? safeNext(state.lastStep);
    const seriesId = options === undefined ? state.seriesId : this.#seriesFor(state, options);
    this.#queue.append(seriesId, value, options?.timestamp ?? now, step, now);
    state.lastStep = step;
  }

  #newKey(key: string): KeyState {
    checkKey("metric", key);
    const refusal = this.#sink.checkKey?.("metric", key);
    if (refusal !== undefined) throw refusal;
    if (this.#queue.isClosed) throw new TidemarkError("RUN_ENDED", "the run has ended and takes nothing more");
    return this.#addKey(key, -1);
  }

  #addKey(key: string, lastStep: number): KeyState {
    const state: KeyState = { key, seriesId: this.#queue.addSeries({ key }), lastStep, linked: undefined };
    this.#keys.set(key, state);
    return state;
  }

  #seriesFor(state: KeyState, options: MetricOptions): number {
    const { model, dataset } = options;
    if (model === undefined && dataset === undefined) return state.seriesId;
    state.linked ??= new Map();
    const link = JSON.stringify([model, dataset?.name, dataset?.digest]);
    let seriesId = state.linked.get(link);
    if (seriesId === undefined) {
      const series: Series = {
        key: state.key,
        ...(model === undefined ? {} : { modelId: model }),
        ...(dataset === undefined ? {} : { dataset: { name: dataset.name, digest: dataset.digest } }),
      };
      seriesId = this.#queue.addSeries(series);
      state.linked.set(link, seriesId);
    }
    return seriesId;
  }
}

/** One metric of a run, for hot loops: the key is looked up once. */
export class MetricHandle {
  readonly #queue: MetricQueue;
  readonly #state: KeyState;

  /** @internal Made by `run.metric(key)`. */
  constructor(queue: MetricQueue, state: KeyState) {
    this.#queue = queue;
    this.#state = state;
  }

  /**
   * Logs one value, as `run.logMetric` does.
   *
   * @param step - A safe integer. Default: one more than the last step of this key.
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RUN_ENDED`
   */
  log(value: number, step?: number): void {
    if (typeof value !== "number")
      throw invalidArgument("value", value, `a number for metric ${describe(this.#state.key)}`);
    const state = this.#state;
    if (step === undefined) step = nextStep(state);
    else {
      checkStep(step);
      state.lastStep = step;
    }
    const now = Date.now();
    this.#queue.append(state.seriesId, value, now, step, now);
  }
}

function nextStep(state: KeyState): number {
  const step = state.lastStep + 1;
  if (step > Number.MAX_SAFE_INTEGER) return safeNext(state.lastStep);
  state.lastStep = step;
  return step;
}

function safeNext(lastStep: number): number {
  if (lastStep < Number.MAX_SAFE_INTEGER) return lastStep + 1;
  throw new TidemarkError("INVALID_PARAMETER_VALUE", `step: there is no safe integer after the last step ${lastStep}`);
}

function checkOptions(options: MetricOptions): void {
  if (typeof options !== "object" || options === null) throw invalidArgument("options", options, "an object");
  for (const name in options) {
    if (!OPTION_NAMES.has(name)) {
      throw invalidArgument("options", name, `only the options ${[...OPTION_NAMES].join(", ")}`);
    }
  }
  const { step, timestamp, model, dataset } = options;
  if (step !== undefined) checkStep(step);
  if (timestamp !== undefined && (!Number.isSafeInteger(timestamp) || timestamp < 0)) {
    throw invalidArgument("timestamp", timestamp, "whole milliseconds since 1970");
  }
  if (model !== undefined && (typeof model !== "string" || !/^[a-zA-Z0-9][\w-]{0,255}$/.test(model))) {
    throw invalidArgument("model", model, "the id of a logged model");
  }
  if (dataset !== undefined) checkDatasetLink(dataset);
}

function checkStep(step: unknown): void {
  if (!Number.isSafeInteger(step)) throw invalidArgument("step", step, "a safe integer");
}

// MLflow's files separate fields by spaces and have no quoting.
function checkDatasetLink(dataset: { readonly name: unknown; readonly digest: unknown }): void {
  for (const [field, value] of [
    ["dataset.name", dataset?.name],
    ["dataset.digest", dataset?.digest],
  ]) {
    if (typeof value !== "string" || value === "" || /\s/.test(value)) {
      throw invalidArgument(String(field), value, "text without spaces: MLflow's metric files cannot hold others");
    }
  }
}
