import type { History, Namespace } from "./tensorflow.ts";

/** TensorFlow.js's callback, as far as it can be seen from outside. */
interface EarlyStopping {
  readonly monitor: string;
  readonly minDelta: number;
  readonly patience: number;
  readonly baseline?: number;
  readonly best?: number;
  readonly stoppedEpoch?: number;
  readonly wait?: number;
}

/** The early stopping among the callbacks of a training. */
export function findEarlyStopping(tf: Namespace, callbacks: readonly unknown[]): EarlyStopping | undefined {
  const { EarlyStopping } = tf;
  return callbacks.find((callback): callback is EarlyStopping => {
    if (typeof callback !== "object" || callback === null) return false;
    if (EarlyStopping !== undefined) return Object.prototype.isPrototypeOf.call(EarlyStopping.prototype, callback);
    return "monitor" in callback && "patience" in callback && "minDelta" in callback;
  });
}

/** By MLflow's names for Keras's callback. */
export function earlyStoppingParams({ monitor, minDelta, patience, baseline }: EarlyStopping): Record<string, unknown> {
  return { monitor, min_delta: Math.abs(minDelta), patience, baseline, restore_best_weights: false };
}

/** How a training that was stopped early has ended: metrics, and who stopped it. */
export function stopReport(
  history: History,
  stopping: EarlyStopping | undefined,
): { stoppedBy: string; metrics: Record<string, number> } {
  const stoppedEpoch = history.epoch.at(-1) ?? 0;
  const isBySelf = stopping !== undefined && stopping.wait !== undefined && stopping.wait >= stopping.patience;
  return {
    stoppedBy: isBySelf ? "EarlyStopping" : "stopTraining",
    metrics: { stopped_epoch: stoppedEpoch },
  };
}

/** The best that early stopping has seen, and when; empty where it has seen nothing. */
export function bestOf(history: History, { monitor, best }: EarlyStopping): Record<string, number> {
  if (typeof best !== "number" || !Number.isFinite(best)) return {};
  const epoch = history.epoch[history.history[monitor]?.indexOf(best) ?? -1];
  return { best_value: best, ...(epoch === undefined ? {} : { best_epoch: epoch }) };
}
