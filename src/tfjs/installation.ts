import { messageOf } from "../base/errors.ts";
import { isDisabled } from "../base/platform.ts";
import { defaultClient } from "../fluent/configure.ts";
import { runInScope } from "../tracking/active-run.ts";
import type { Run } from "../tracking/run.ts";
import { recordEvaluation } from "./evaluation.ts";
import { type FitKind, FitRecorder } from "./fit-recorder.ts";
import { Guard } from "./guard.ts";
import { Loops } from "./loops.ts";
import { openTrainingRun } from "./open-training-run.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { type Method, Patches } from "./patches.ts";
import { openTensorboard } from "./tensorboard-writer.ts";
import type { History, Model, Namespace, Optimizer, Tensor } from "./tensorflow.ts";

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
  readonly #loops: Loops;
  /** The runs of their own that models were last trained in. */
  readonly #trainedIn = new WeakMap<Model, Run>();
  #tf: Namespace;
  #options: CheckedAutologOptions;
  #isActive = true;

  constructor(tf: Namespace, options: CheckedAutologOptions) {
    this.#tf = tf;
    this.#options = options;
    this.#guard = new Guard(() => this.#options.silent);
    this.#loops = new Loops({ tf: () => this.#tf, options: () => this.#options, guard: this.#guard });
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
    this.#loops.reconsider();
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
    await this.#loops.end();
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
    this.#fits.set(inner, kind);
    const release = this.#occupy(optimizer);
    const end = () => {
      this.#fits.delete(inner);
      release();
    };
    let recorder: FitRecorder | undefined;
    let history: History;
    try {
      recorder = this.#openRecorder(model, inner) ?? (await this.#openRecorderLater(model, inner));
      // Looking at a model that is not compiled would build it.
      const prepared = optimizer === undefined ? args : (recorder?.begin(kind, args) ?? args);
      const train = () => this.#delegate<Promise<History>>(original, model, inner, prepared);
      history = await (recorder === undefined ? train() : runInScope(recorder.run, train));
    } catch (error) {
      end();
      await recorder?.fail(error);
      throw error;
    }
    end();
    await recorder?.finish(history);
    return history;
  }

  #openRecorder(model: Model, inner: Model): FitRecorder | undefined {
    return this.#guard.attempt("opening a run", () => {
      const options = this.#options;
      const training = openTrainingRun(options, [inner, inner.optimizer]);
      if (training === undefined) return undefined;
      const { run, isOwn } = training;
      if (isOwn) this.#trainedIn.set(inner, run);
      const writer = openTensorboard(this.#guard, options.tensorboardDir, run.name);
      return new FitRecorder({ tf: this.#tf, guard: this.#guard, options, training, model, inner, writer });
    });
  }

  /** Waits for a backend that cannot be opened at once. */
  async #openRecorderLater(model: Model, inner: Model): Promise<FitRecorder | undefined> {
    const { run, client } = this.#options;
    if (run !== undefined || client !== undefined) return undefined;
    await this.#guard.attemptAsync("reaching the backend", defaultClient);
    return this.#openRecorder(model, inner);
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
      const loop = optimizer === undefined ? undefined : this.#loops.ofModel(model, inner, optimizer);
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

  #minimizeHook(original: Method): Method {
    const installation = this;
    return function (this: Optimizer, compute: unknown, returnCost = false, ...rest: unknown[]) {
      const isOurs = installation.#records && !installation.#busyOptimizers.get(this);
      const loop = isOurs ? installation.#loops.ofOptimizer(this) : undefined;
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
