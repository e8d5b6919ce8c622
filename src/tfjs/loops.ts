import { messageOf } from "../base/errors.ts";
import { defaultClient } from "../fluent/configure.ts";
import { modelParams, optimizerParams, platformParams } from "./fit-params.ts";
import type { Guard } from "./guard.ts";
import { LoopRecorder } from "./loop-recorder.ts";
import { openTrainingRun } from "./open-training-run.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { ledgerOf } from "./run-ledger.ts";
import { openTensorboard } from "./tensorboard-writer.ts";
import type { Model, Namespace, Optimizer } from "./tensorflow.ts";

/** What loops depend on, as it is now. */
export interface LoopsParts {
  readonly tf: () => Namespace;
  readonly options: () => CheckedAutologOptions;
  readonly guard: Guard;
}

/** Training loops of the user's own: one for every optimizer, and for every model whose batches are trained one by one. */
export class Loops {
  readonly #parts: LoopsParts;
  readonly #recorders = new WeakMap<object, LoopRecorder>();
  readonly #open = new Set<LoopRecorder>();
  /** What there could be no run for: not asked for again at every batch. */
  #unrecorded = new WeakSet<object>();

  constructor(parts: LoopsParts) {
    this.#parts = parts;
  }

  ofOptimizer(optimizer: Optimizer): LoopRecorder | undefined {
    return this.#loopOf(optimizer, [optimizer], (loop) => loop.describe(optimizerParams(optimizer)));
  }

  ofModel(model: Model, inner: Model, optimizer: Optimizer): LoopRecorder | undefined {
    return this.#loopOf(inner, [inner, optimizer], (loop) => {
      loop.describe({ ...modelParams(model), ...optimizerParams(optimizer) });
      loop.describeModel(model, inner);
    });
  }

  /** With other options there may be a run. */
  reconsider(): void {
    this.#unrecorded = new WeakSet();
  }

  /** Never rejects. */
  async end(): Promise<void> {
    const open = [...this.#open];
    this.#open.clear();
    await Promise.all(open.map((loop) => loop.end()));
  }

  /** The loop that trains something, begun where there is none or its run has ended. */
  #loopOf(key: object, trained: readonly object[], describe: (loop: LoopRecorder) => void): LoopRecorder | undefined {
    const known = this.#recorders.get(key);
    if (known?.isOpen) return known;
    if (this.#unrecorded.has(key)) return undefined;
    const { guard } = this.#parts;
    try {
      const loop = this.#begin(key, trained);
      if (loop !== undefined) guard.attempt("describing the training", () => describe(loop));
      return loop;
    } catch (error) {
      this.#unrecorded.add(key);
      guard.warn("opening a run", messageOf(error));
      return undefined;
    }
  }

  #begin(key: object, trained: readonly object[]): LoopRecorder | undefined {
    const { guard } = this.#parts;
    const [tf, options] = [this.#parts.tf(), this.#parts.options()];
    const training = openTrainingRun(options, trained);
    if (training === undefined) {
      // As soon as that is done the loop is recorded.
      void guard.attemptAsync("reaching the backend", defaultClient);
      return undefined;
    }
    ledgerOf(training.run).occupants.add(key);
    const writer = openTensorboard(guard, options.tensorboardDir, training.run.name);
    const loop = new LoopRecorder({ tf, guard, options: this.#parts.options, training, writer });
    this.#recorders.set(key, loop);
    this.#open.add(loop);
    loop.describe(platformParams(tf));
    return loop;
  }
}
