import type { AutologRun } from "../fluent/autolog-run.ts";
import type { Run } from "../tracking/run.ts";
import { callbackList } from "./callback-forms.ts";
import { confusionMatrix } from "./confusion-matrix.ts";
import { logModelStructure, nthName, offerParams } from "./describe-training.ts";
import { bestOf, earlyStoppingParams, findEarlyStopping, stopReport } from "./early-stopping.ts";
import { watchFirst } from "./first-batch.ts";
import { fitCallback } from "./fit-callback.ts";
import { FitData } from "./fit-data.ts";
import { fitDatasetParams, fitParams, modelParams, optimizerParams, platformParams } from "./fit-params.ts";
import type { Guard } from "./guard.ts";
import { logTrainedModel } from "./log-trained-model.ts";
import { MetricRecorder, type ScalarWriter } from "./metric-recorder.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { ledgerOf, positionIn, type RunLedger } from "./run-ledger.ts";
import {
  type FitArguments,
  type History,
  type Model,
  type Namespace,
  type TrainingCallback,
  tensorsByName,
} from "./tensorflow.ts";

/** What the recording of a training depends on. */
export interface FitRecorderParts {
  readonly tf: Namespace;
  readonly guard: Guard;
  readonly options: CheckedAutologOptions;
  readonly training: AutologRun;
  /** As the user has it: a Sequential, not the model inside. */
  readonly model: Model;
  /** Does the work. */
  readonly inner: Model;
  readonly writer: ScalarWriter | undefined;
}

export type FitKind = "fit" | "fitDataset";

/** Records one `fit` or `fitDataset`. Nothing here throws or rejects into the training. */
export class FitRecorder {
  readonly #parts: FitRecorderParts;
  readonly #metrics: MetricRecorder;
  readonly #ledger: RunLedger;
  readonly #data: FitData;
  /** Which model of the run this is, counted from 1. */
  readonly #nth: number;
  /** What is being written while the model is trained. */
  readonly #writing: Promise<unknown>[] = [];
  #callbacks: readonly unknown[] = [];

  constructor(parts: FitRecorderParts) {
    const { training, tf, guard, writer, inner, options, model } = parts;
    this.#parts = parts;
    this.#data = new FitData({ tf, guard, options, run: training.run, model });
    this.#metrics = new MetricRecorder(training.run, tf, guard, writer);
    this.#ledger = ledgerOf(training.run);
    this.#nth = positionIn(this.#ledger, inner);
    this.#ledger.occupants.add(inner);
  }

  get run(): Run {
    return this.#parts.training.run;
  }

  /** Writes down what is about to be trained, and answers the arguments to do it with. */
  begin(kind: FitKind, args: readonly unknown[]): readonly unknown[] {
    const [first, second, third] = args;
    const prepared = this.#parts.guard.attempt("describing the training", () =>
      kind === "fit"
        ? this.#beginFit(first, second, third as FitArguments)
        : this.#beginFitDataset(first, second as FitArguments),
    );
    return prepared ?? args;
  }

  /** When the training is over. Never rejects. */
  async finish(history: History): Promise<void> {
    await this.#parts.guard.attemptAsync("recording the end", () => this.#finish(history));
  }

  /** When the training has thrown. Never rejects. */
  async fail(error: unknown): Promise<void> {
    await this.#parts.guard.attemptAsync("recording the error", () => this.#fail(error));
  }

  #beginFit(x: unknown, y: unknown, given: FitArguments = {}): readonly unknown[] {
    const { model } = this.#parts;
    const examples = [...tensorsByName(x, model.inputNames).values()][0]?.shape[0];
    this.#describe(() => fitParams(given, examples), given);
    this.#data.readArguments(x, y, given.validationData);
    return [x, y, this.#withCallback(given)];
  }

  /** The data shows as it comes. */
  #beginFitDataset(dataset: unknown, given: FitArguments): readonly unknown[] {
    const size: unknown = Reflect.get(Object(dataset), "size");
    const batches = typeof size === "number" && Number.isFinite(size) ? size : undefined;
    this.#describe(() => fitDatasetParams(given, batches), given);
    this.#data.readValidation(given.validationData);
    const watched = watchFirst(dataset, (batch) => {
      this.#try("reading the first batch", () => {
        const size = this.#data.readBatch(batch);
        if (this.#parts.options.logParams) this.#offer(() => ({ batch_size: size }));
      });
    });
    return [watched, this.#withCallback(given)];
  }

  async #finish(history: History): Promise<void> {
    this.#ledger.occupants.delete(this.#parts.inner);
    const { options, training, guard, inner } = this.#parts;
    const { run } = training;
    this.#try("recording how the training ended", () => this.#recordEnd(history, inner.stopTraining));
    if (options.confusionMatrix !== false) await this.#logConfusionMatrix(options.confusionMatrix);
    await this.#metrics.settle();
    if (options.logModels) {
      const { inputExample } = this.#data;
      await logTrainedModel({ ...this.#parts, run, name: nthName("model", this.#nth), inputExample });
    }
    await this.#close();
    if (training.isOwn) await guard.attemptAsync(`ending run ${run.id}`, () => run.end());
  }

  async #fail(error: unknown): Promise<void> {
    this.#ledger.occupants.delete(this.#parts.inner);
    const { training, guard } = this.#parts;
    const { run } = training;
    await this.#close();
    if (!training.isOwn) return;
    run.recordError(error);
    await guard.attemptAsync(`ending run ${run.id}`, () => run.end({ status: "FAILED" }));
  }

  #describe(params: () => Record<string, unknown>, given: FitArguments): void {
    const { options, training, tf, model, inner, guard } = this.#parts;
    this.#callbacks = [given.callbacks].flat();
    if (options.logParams) {
      this.#offer(params);
      this.#offer(() => modelParams(model));
      this.#offer(() => (inner.optimizer === undefined ? {} : optimizerParams(inner.optimizer)));
      this.#offer(() => platformParams(tf));
      const stopping = findEarlyStopping(tf, this.#callbacks);
      if (stopping !== undefined) this.#offer(() => earlyStoppingParams(stopping));
    }
    this.#writing.push(logModelStructure(training.run, guard, model, this.#nth));
  }

  #offer(params: () => Record<string, unknown>): void {
    const { training, guard } = this.#parts;
    const read = guard.attempt("reading params", params);
    if (read !== undefined) offerParams(training.run, guard, read);
  }

  /** The user's arguments with our callback, last of all; as they are where that is not possible. */
  #withCallback(given: FitArguments): FitArguments {
    const { tf, options, guard } = this.#parts;
    const callbacks = guard.attempt("joining the callbacks", () => callbackList(tf, given.callbacks, given.yieldEvery));
    if (callbacks === undefined) return given;
    if (options.logMetrics) callbacks.push(this.#createCallback(given.initialEpoch ?? 0));
    return { ...given, callbacks };
  }

  #createCallback(initialEpoch: number): TrainingCallback {
    const { options, tf, guard, inner, training } = this.#parts;
    const { everyNBatches } = options;
    const ledger = ledgerOf(training.run);
    return fitCallback({ tf, guard, inner, metrics: this.#metrics, ledger, everyNBatches, initialEpoch });
  }

  #recordEnd(history: History, isStopped: boolean): void {
    const { tf, training, options } = this.#parts;
    const stopping = findEarlyStopping(tf, this.#callbacks);
    const step = Math.max(0, this.#ledger.nextEpochStep - 1);
    const metrics = stopping === undefined ? {} : bestOf(history, stopping);
    if (isStopped) {
      const report = stopReport(history, stopping);
      training.run.setTag("tidemark.stoppedEarly", report.stoppedBy);
      Object.assign(metrics, report.metrics);
    }
    if (!options.logMetrics) return;
    for (const [name, value] of Object.entries(metrics)) this.#metrics.log(name, value, step);
  }

  async #logConfusionMatrix(chosen: Exclude<CheckedAutologOptions["confusionMatrix"], false>): Promise<void> {
    const { guard, tf, model, training } = this.#parts;
    await guard.attemptAsync("making the confusion matrix", async () => {
      const { labelled } = this.#data;
      if (labelled === undefined) throw new Error("needs validation data, as tensors");
      const matrix = confusionMatrix(tf, model, labelled, chosen);
      await training.run.logJson(matrix, nthName("confusion_matrix.json", this.#nth));
    });
  }

  async #close(): Promise<void> {
    await this.#metrics.settle();
    await Promise.all(this.#writing);
    this.#metrics.close();
  }

  #try(what: string, body: () => void): void {
    this.#parts.guard.attempt(what, body);
  }
}
