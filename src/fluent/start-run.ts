import { consumeEnv } from "../base/env.ts";
import { invalidArgument } from "../base/errors.ts";
import { isDisabled } from "../base/platform.ts";
import { activeRun, makeDefault, runInScope } from "../tracking/active-run.ts";
import type { Client } from "../tracking/client.ts";
import type { MetricKeys, Run } from "../tracking/run.ts";
import type { OpenRunOptions } from "../tracking/run-options.ts";
import { defaultClient, defaultExperiment } from "./configure.ts";

/** What `startRun` and `withRun` take. */
export interface StartRunOptions extends OpenRunOptions {
  /** Where the run goes. Default: the configured tracking URI. */
  client?: Client | undefined;
  /** Makes the active run, if there is one, the parent of this one. Default false. */
  nested?: boolean | undefined;
}

/**
 * Opens a run and makes it the process's default until it ends. Several may be open at once: the newest is the default.
 *
 * Without `runId`, the run that `MLFLOW_RUN_ID` names is resumed, once per process.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RESOURCE_DOES_NOT_EXIST`, `INVALID_STATE`, or the backend's error
 * @example
 * ```ts
 * import { startRun } from "tidemark";
 *
 * const run = await startRun<{ loss: number }>({ experiment: "docs", params: { optimizer: { name: "adam", lr: 1e-3 } } });
 * run.logMetric("loss", 0.25);
 * await run.end();
 * ```
 */
export async function startRun<Metrics extends MetricKeys = MetricKeys>(
  options: StartRunOptions = {},
): Promise<Run<Metrics>> {
  const run = await open<Metrics>(options);
  makeDefault(run as unknown as Run);
  return run;
}

/**
 * Opens a run, calls a function inside which it is the active one, and ends it: FINISHED, or FAILED with the error as the tag
 * `tidemark.error` when the function throws. The error is thrown on.
 *
 * @returns what the function returns
 * @example
 * ```ts
 * import { activeRun, withRun } from "tidemark";
 *
 * const best = await withRun({ experiment: "docs" }, async (run) => {
 *   run.logParam("lr", 0.1);
 *   activeRun()?.logMetric("loss", 0.5);
 *   return 0.5;
 * });
 * console.log(best);
 * ```
 */
export async function withRun<Result, Metrics extends MetricKeys = MetricKeys>(
  options: StartRunOptions,
  body: (run: Run<Metrics>) => Result | Promise<Result>,
): Promise<Result> {
  if (typeof body !== "function") throw invalidArgument("body", body, "a function");
  const run = await open<Metrics>(options);
  let result: Result;
  try {
    result = await runInScope(run as unknown as Run, () => body(run));
  } catch (error) {
    run.recordError(error);
    // The caller's own error is the one to be seen.
    await run.end({ status: "FAILED" }).catch(() => {});
    throw error;
  }
  await run.end();
  return result;
}

async function open<Metrics extends MetricKeys>(options: StartRunOptions): Promise<Run<Metrics>> {
  if (typeof options !== "object" || options === null) throw invalidArgument("options", options, "an object");
  const { client, nested = false, ...rest } = options;
  if (typeof nested !== "boolean") throw invalidArgument("nested", nested, "a boolean");
  if (client !== undefined && !("backend" in client)) throw invalidArgument("client", client, "what connect() answers");
  const parent = rest.parent ?? (nested ? activeRun() : undefined);
  const runId = rest.runId ?? consumeEnv("MLFLOW_RUN_ID");
  const backend = isDisabled() ? await loadDisabled() : (client ?? (await defaultClient())).backend;
  // Loaded with the first run, so that `import "tidemark"` costs little.
  const { openRun } = await import("../tracking/open-run.ts");
  return await openRun<Metrics>(backend, { ...rest, parent, runId }, { experiment: defaultExperiment() });
}

const loadDisabled = async () => (await import("../tracking/disabled-backend.ts")).disabledBackend;
