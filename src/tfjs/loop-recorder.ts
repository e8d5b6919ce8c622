import type { AutologRun } from "../fluent/autolog-run.ts";
import { logModelStructure, offerParams } from "./describe-training.ts";
import type { Guard } from "./guard.ts";
import { MetricRecorder, type ScalarWriter } from "./metric-recorder.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { ledgerOf, positionIn, type RunLedger } from "./run-ledger.ts";
import type { Model, Namespace, Optimizer, Tensor } from "./tensorflow.ts";

/** What the recording of a loop depends on. */
export interface LoopRecorderParts {
  readonly tf: Namespace;
  readonly guard: Guard;
  readonly options: () => CheckedAutologOptions;
  readonly training: AutologRun;
  readonly writer: ScalarWriter | undefined;
}

/**
 * Records a training loop of the user's own, batch by batch. Nobody says when such a loop ends: its run is open until the process
 * ends or autolog is disabled.
 */
export class LoopRecorder {
  readonly #parts: LoopRecorderParts;
  readonly #metrics: MetricRecorder;
  readonly #ledger: RunLedger;
  #learningRate: unknown;

  constructor(parts: LoopRecorderParts) {
    const { training, tf, guard, writer } = parts;
    this.#parts = parts;
    this.#metrics = new MetricRecorder(training.run, tf, guard, writer);
    this.#ledger = ledgerOf(training.run);
  }

  get isOpen(): boolean {
    return this.#parts.training.run.status === "RUNNING";
  }

  describe(params: Readonly<Record<string, unknown>>): void {
    if (this.#parts.options().logParams) offerParams(this.#parts.training.run, this.#parts.guard, params);
  }

  /** Writes down what the model is made of. */
  describeModel(model: Model, inner: Model): void {
    const { training, guard } = this.#parts;
    // The end of the run waits for it.
    void logModelStructure(training.run, guard, model, positionIn(this.#ledger, inner));
  }

  /** Takes the next step, and answers it where it is to be recorded. */
  nextStep(): number | undefined {
    const { logMetrics, everyNBatches } = this.#parts.options();
    const step = this.#ledger.nextBatch++;
    return logMetrics && step % everyNBatches === 0 ? step : undefined;
  }

  /** @param labels - TensorFlow.js's names of the values. */
  record(step: number, labels: readonly string[], values: readonly (number | Tensor)[], optimizer?: Optimizer): void {
    for (const [index, label] of labels.entries()) {
      const value = values[index];
      if (value !== undefined) this.#metrics.logTensor("batch_", label, value, step);
    }
    const rate = optimizer?.learningRate;
    if (rate === this.#learningRate || typeof rate !== "number") return;
    this.#learningRate = rate;
    this.#metrics.log("learning_rate", rate, step);
  }

  /** Never rejects. */
  async end(): Promise<void> {
    const { training, guard } = this.#parts;
    await this.#metrics.settle();
    this.#metrics.close();
    if (training.isOwn) await guard.attemptAsync(`ending run ${training.run.id}`, () => training.run.end());
  }
}
