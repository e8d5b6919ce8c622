import { AsyncLocalStorage } from "node:async_hooks";
import { processSlot } from "../base/process-state.ts";
import type { Run } from "./run.ts";

interface ActiveRuns {
  /** Set by withRun: valid inside its callback, whatever else runs at the same time. */
  readonly scope: AsyncLocalStorage<Run>;
  /** Set by startRun, newest last: valid everywhere else. */
  readonly defaults: Run[];
}

const activeRuns = () =>
  processSlot<ActiveRuns>("active-runs", () => ({ scope: new AsyncLocalStorage(), defaults: [] }));

/**
 * The run that code without a handle logs to: inside `withRun` that one, else the newest run that `startRun` has opened and
 * that has not ended.
 *
 * @example
 * ```ts
 * import { activeRun } from "tidemark";
 *
 * activeRun()?.logMetric("loss", 0.5);
 * ```
 */
export function activeRun(): Run | undefined {
  const { scope, defaults } = activeRuns();
  const scoped = scope.getStore();
  if (scoped !== undefined && scoped.status === "RUNNING") return scoped;
  return defaults.findLast((run) => run.status === "RUNNING");
}

/** Makes a run the process's default until it ends. */
export function makeDefault(run: Run): void {
  const { defaults } = activeRuns();
  const ended = defaults.findIndex((other) => other.status !== "RUNNING");
  if (ended >= 0) defaults.splice(ended, 1);
  defaults.push(run);
}

/** Calls a function inside which the run is the active one. */
export function runInScope<T>(run: Run, body: () => T): T {
  return activeRuns().scope.run(run, body);
}
