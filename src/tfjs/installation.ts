import { messageOf } from "../base/errors.ts";
import { isDisabled } from "../base/platform.ts";
import type { AutologRun } from "../fluent/autolog-run.ts";
import { defaultClient } from "../fluent/configure.ts";
import { runInScope } from "../tracking/active-run.ts";
import type { Run } from "../tracking/run.ts";
import { recordEvaluation } from "./evaluation.ts";
import { modelParams, optimizerParams, platformParams } from "./fit-params.ts";
import { FitRecorder } from "./fit-recorder.ts";
import { Guard } from "./guard.ts";
import { LoopRecorder } from "./loop-recorder.ts";
import type { ScalarWriter } from "./metric-recorder.ts";
import { openTrainingRun } from "./open-training-run.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { type Method, Patches } from "./patches.ts";
import { ledgerOf } from "./run-ledger.ts";
import { openTensorboard } from "./tensorboard-writer.ts";
import type { FitArguments, History, Model, Namespace, Optimizer, Tensor } from "./tensorflow.ts";

type FitKind = "fit" | "fitDataset";

/** The hooks in the classes of one TensorFlow.js, and what is going on in them. */
export class Installation {
  readonly #patches = new Patches();
  readonly #guard: Guard;
  /** Trainings that go on, by the model that does the work. */
  readonly #fits = new WeakMap<Model, FitKind>();
  /** Models whose owner is calling the same method of them at this moment: a Sequential has its work done by another model. */
  readonly #delegating = new WeakSet<Model>();
  /** How many trainings use an optimizer: its `minimize` is their business. */
  readonly #busyOptimizers = new WeakMap<object, number>();
  /** Loops of the user's own, by optimizer or model. */
  readonly #loops = new WeakMap<object, LoopRecorder>();
  readonly #openLoops = new Set<LoopRecorder>();
  /** The runs of their own that models were last trained in. */
  readonly #trainedIn = new WeakMap<Model, Run>();
  #tf: Namespace;
  #options: CheckedAutologOptions;
  #isActive = true;

  constructor(tf: Namespace, options: CheckedAutologOptions) {
    this.#tf = tf;
    this.#options = options;
    this.#guard = new Guard(() => this.#options.silent);
  }

  /** True where a class of this TensorFlow.js has our hooks. */
  covers(tf: Namespace): boolean {
    return prototypesOf(tf).some((prototype) => this.#patches.has(prototype));
  }

  /** Hooks in, where that has not been done, and takes the options from now on. */
  install(tf: Namespace, options: CheckedAutologOptions): void {
    // One that has layers knows more than a core alone.
    if (tf.LayersModel !== undefined || this.#tf.LayersModel === undefined) this.#tf = tf;
    this.#options = options;
    for (const prototype of [tf.LayersModel?.prototype, tf.Sequential?.prototype]) {
      if (prototype === undefined || this.#patches.has(prototype)) continue;
      this.#patches.replace(prototype, {
        fit: (original) => this.#fitHook("fit", original),
        fitDataset: (original) => this.#fitHook("fitDataset", original),
        trainOnBatch: (original) => this.#trainOnBatchHook(original),
        evaluate: (original) => this.#evaluateHook(original),
        evaluateDataset: (original) => this.#evaluateHook(original),
      });
    }
    const optimizer = tf.Optimizer?.prototype;
    if (optimizer !== undefined && !this.#patches.has(optimizer)) {
      this.#patches.replace(optimizer, { minimize: (original) => this.#minimizeHook(original) });
    }
  }

  /** Puts the originals back at once. The promise settles when the runs of loops have ended; it never rejects. */
  async disable(): Promise<void> {
    this.#isActive = false;
    this.#patches.restore();
    const loops = [...this.#openLoops];
    this.#openLoops.clear();
    await Promise.all(loops.map((loop) => loop.end()));
  }

  get #records(): boolean {
    return this.#isActive && !isDisabled();
  }

  #fitHook(kind: FitKind, original: Method): Method {
    const installation = this;
    return function (this: Model, ...args: unknown[]) {
      const inner = innerOf(this);
      const isOurs = installation.#records && !installation.#delegating.has(inner) && !installation.#fits.has(inner);
      return isOurs ? installation.#recordFit(kind, original, this, inner, args) : original.apply(this, args);
    };
  }

  async #recordFit(kind: FitKind, original: Method, model: Model, inner: Model, args: unknown[]): Promise<unknown> {
    const { optimizer } = inner;
    const options = this.#options;
    const open = () => openTrainingRun(options, [inner, optimizer]);
    const end = this.#begin(kind, inner, optimizer);
    let recorder: FitRecorder | undefined;
    try {
      const training = this.#guard.attempt("opening a run", open) ?? (await this.#openLater(options, open));
      if (training === undefined) return await this.#delegate(original, model, inner, args);
      const { run } = training;
      ledgerOf(run).occupants.add(inner);
      if (training.isOwn) this.#trainedIn.set(inner, run);
      recorder = this.#recorderOf(options, training, model, inner);
      // Looking at a model that is not compiled would build it.
      const prepared = optimizer === undefined ? args : this.#prepare(kind, recorder, args);
      const history = await runInScope(run, () => this.#delegate(original, model, inner, prepared));
      ledgerOf(run).occupants.delete(inner);
      end();
      await recorder.finish(history as History);
      return history;
    } catch (error) {
      end();
      await recorder?.fail(error);
      throw error;
    }
  }

  /** Marks a model as one in training, until the answered function is called. */
  #begin(kind: FitKind, inner: Model, optimizer: Optimizer | undefined): () => void {
    this.#fits.set(inner, kind);
    const release = this.#occupy(optimizer);
    return () => {
      this.#fits.delete(inner);
      release();
    };
  }

  /** Waits for a backend that cannot be opened at once. */
  async #openLater(
    options: CheckedAutologOptions,
    open: () => AutologRun | undefined,
  ): Promise<AutologRun | undefined> {
    if (options.run !== undefined || options.client !== undefined) return undefined;
    return await this.#guard.attemptAsync("opening a run", async () => {
      await defaultClient();
      return open();
    });
  }

  #recorderOf(options: CheckedAutologOptions, training: AutologRun, model: Model, inner: Model): FitRecorder {
    const writer = this.#openWriter(options, training);
    return new FitRecorder({ tf: this.#tf, guard: this.#guard, options, training, model, inner, writer });
  }

  #openWriter({ tensorboardDir }: CheckedAutologOptions, { run }: AutologRun): ScalarWriter | undefined {
    return this.#guard.attempt("opening TensorBoard's events", () => openTensorboard(tensorboardDir, run.name));
  }

  #prepare(kind: FitKind, recorder: FitRecorder, args: unknown[]): readonly unknown[] {
    const [first, second, third] = args;
    const prepared = this.#guard.attempt("describing the training", () =>
      kind === "fit"
        ? recorder.beginFit(first, second, third as FitArguments)
        : recorder.beginFitDataset(first, second as FitArguments),
    );
    return prepared ?? args;
  }

  /** Calls an original, whose first act may be to call the same method of the model inside. */
  #delegate<T>(original: Method, model: Model, inner: Model, args: readonly unknown[]): T {
    if (model === inner) return original.apply(model, args as unknown[]);
    this.#delegating.add(inner);
    try {
      return original.apply(model, args as unknown[]);
    } finally {
      this.#delegating.delete(inner);
    }
  }

  #occupy(optimizer: Optimizer | undefined): () => void {
    if (optimizer === undefined) return () => {};
    const add = (count: number) =>
      this.#busyOptimizers.set(optimizer, (this.#busyOptimizers.get(optimizer) ?? 0) + count);
    add(1);
    let isReleased = false;
    return () => {
      if (!isReleased) add(-1);
      isReleased = true;
    };
  }

  #trainOnBatchHook(original: Method): Method {
    const installation = this;
    return function (this: Model, ...args: unknown[]) {
      const inner = innerOf(this);
      const isOurs = installation.#records && !installation.#delegating.has(inner);
      return isOurs ? installation.#recordBatch(original, this, inner, args) : original.apply(this, args);
    };
  }

  async #recordBatch(original: Method, model: Model, inner: Model, args: unknown[]): Promise<unknown> {
    const { optimizer } = inner;
    const release = this.#occupy(optimizer);
    try {
      const loop = optimizer === undefined ? undefined : this.#loopOfModel(model, inner, optimizer);
      const step = loop?.nextStep();
      const values = await this.#delegate<Promise<number | number[]>>(original, model, inner, args);
      if (loop !== undefined && step !== undefined) {
        this.#guard.attempt("logging a batch", () =>
          loop.record(step, inner.metricsNames ?? [], [values].flat(), optimizer),
        );
      }
      return values;
    } finally {
      release();
    }
  }

  #loopOfModel(model: Model, inner: Model, optimizer: Optimizer): LoopRecorder | undefined {
    return this.#loopOf(inner, [inner, optimizer], (loop) => {
      loop.describe({ ...modelParams(model), ...optimizerParams(optimizer) });
      loop.describeModel(model, inner);
    });
  }

  #minimizeHook(original: Method): Method {
    const installation = this;
    return function (this: Optimizer, compute: unknown, returnCost = false, ...rest: unknown[]) {
      const loop = installation.#loopOfOptimizer(this);
      const step = loop?.nextStep();
      if (loop === undefined || step === undefined) return original.call(this, compute, returnCost, ...rest);
      const cost: Tensor = original.call(this, compute, true, ...rest);
      try {
        loop.record(step, LOSS, [cost], this);
      } catch (error) {
        installation.#guard.warn("logging a batch", messageOf(error));
      }
      if (returnCost) return cost;
      cost.dispose();
      return null;
    };
  }

  #loopOfOptimizer(optimizer: Optimizer): LoopRecorder | undefined {
    if (!this.#records || (this.#busyOptimizers.get(optimizer) ?? 0) > 0) return undefined;
    return this.#loopOf(optimizer, [optimizer], (loop) => loop.describe(optimizerParams(optimizer)));
  }

  /** The loop that trains something, begun where there is none or its run has ended. */
  #loopOf(
    key: object,
    trained: readonly (object | undefined)[],
    describe: (loop: LoopRecorder) => void,
  ): LoopRecorder | undefined {
    const known = this.#loops.get(key);
    if (known?.isOpen) return known;
    return this.#guard.attempt("opening a run", () => {
      const options = this.#options;
      const training = openTrainingRun(options, trained);
      if (training === undefined) {
        // Once that is done the loop is recorded.
        void this.#guard.attemptAsync("reaching the backend", defaultClient);
        return undefined;
      }
      ledgerOf(training.run).occupants.add(key);
      const writer = this.#openWriter(options, training);
      const parts = { tf: this.#tf, guard: this.#guard, options: () => this.#options, training, writer };
      const loop = new LoopRecorder(parts);
      this.#loops.set(key, loop);
      this.#openLoops.add(loop);
      loop.describe(platformParams(this.#tf));
      this.#guard.attempt("describing the training", () => describe(loop));
      return loop;
    });
  }

  #evaluateHook(original: Method): Method {
    const installation = this;
    return function (this: Model, ...args: unknown[]) {
      const inner = innerOf(this);
      const isOurs =
        installation.#records &&
        !installation.#delegating.has(inner) &&
        // The validation of a fitDataset is an evaluation.
        installation.#fits.get(inner) !== "fitDataset";
      if (!isOurs) return original.apply(this, args);
      const answer: unknown = installation.#delegate(original, this, inner, args);
      const record = <T>(scalars: T): T => {
        installation.#recordEvaluation(inner, scalars);
        return scalars;
      };
      return answer instanceof Promise ? answer.then(record) : record(answer);
    };
  }

  #recordEvaluation(inner: Model, answer: unknown): void {
    const options = this.#options;
    if (!options.logMetrics) return;
    const parts = { tf: this.#tf, guard: this.#guard, options, inner, trainedIn: this.#trainedIn.get(inner) };
    this.#guard.attempt("logging an evaluation", () => recordEvaluation(parts, answer));
  }
}

const LOSS = ["loss"] as const;

/** The model that does the work of a Sequential, once it is compiled. */
function innerOf(model: Model): Model {
  const { model: inner } = model;
  return typeof inner === "object" && inner !== null && "fit" in inner ? inner : model;
}

function prototypesOf({ LayersModel, Sequential, Optimizer }: Namespace): object[] {
  return [LayersModel, Sequential, Optimizer].flatMap((known) => (known === undefined ? [] : [known.prototype]));
}
