import { messageOf } from "../base/errors.ts";
import type { Guard } from "./guard.ts";
import type { MetricRecorder } from "./metric-recorder.ts";
import type { RunLedger } from "./run-ledger.ts";
import type { Logs, Model, Namespace, TrainingCallback } from "./tensorflow.ts";

/** What the callback of a training depends on. */
export interface FitCallbackParts {
  readonly tf: Namespace;
  readonly guard: Guard;
  readonly inner: Model;
  readonly metrics: MetricRecorder;
  readonly ledger: RunLedger;
  readonly everyNBatches: number;
  readonly initialEpoch: number;
}

/**
 * What listens to a training. TensorFlow.js awaits what its callbacks answer and disposes what they were told: these answer nothing, and
 * read everything before they return.
 */
export function fitCallback(parts: FitCallbackParts): TrainingCallback {
  const { guard, metrics, ledger, everyNBatches, initialEpoch } = parts;
  // A training after another one in the same run goes on where that has ended.
  const epochOffset = Math.max(0, ledger.nextEpochStep - initialEpoch);
  let examples = 0;
  let startMs = 0;
  return {
    setParams: ignore,
    setModel: ignore,
    onTrainBegin: ignore,
    onTrainEnd: ignore,
    onBatchBegin: ignore,
    onEpochBegin: () => {
      examples = 0;
      startMs = performance.now();
    },
    onBatchEnd: (_batch, logs: Logs = {}) => {
      const step = ledger.nextBatch++;
      examples += logs.size as number;
      if (step % everyNBatches !== 0) return;
      try {
        metrics.logAll(logs, "batch_", step);
      } catch (error) {
        guard.warn("logging a batch", messageOf(error));
      }
    },
    onEpochEnd: (epoch, logs: Logs = {}) => {
      const step = epoch + epochOffset;
      ledger.nextEpochStep = step + 1;
      const seconds = (performance.now() - startMs) / 1_000;
      guard.attempt("logging an epoch", () => {
        metrics.logAll(logs, "", step);
        logEpochFacts(parts, step, seconds, examples);
      });
    },
  };
}

const ignore = () => {};

function logEpochFacts(
  { tf, inner, metrics }: FitCallbackParts,
  step: number,
  seconds: number,
  examples: number,
): void {
  // Schedules change it.
  const rate = inner.optimizer?.learningRate;
  if (typeof rate === "number") metrics.log("learning_rate", rate, step);
  metrics.log("examples_per_second", examples / seconds, step);
  metrics.log("epoch_seconds", seconds, step);
  const memory = tf.memory?.();
  if (memory === undefined) return;
  metrics.log("tensors", memory.numTensors, step);
  metrics.log("tensor_bytes", memory.numBytes, step);
}
