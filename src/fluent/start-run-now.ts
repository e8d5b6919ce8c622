import { isDisabled } from "../base/platform.ts";
import { openBackendNow } from "../connect/open-now.ts";
import type { Client } from "../tracking/client.ts";
import { disabledBackend } from "../tracking/disabled-backend.ts";
import { openRunNow } from "../tracking/open-run-now.ts";
import type { MetricKeys, Run } from "../tracking/run.ts";
import type { OpenRunOptions } from "../tracking/run-options.ts";
import { defaultExperiment } from "./configure.ts";
import { defaultClientNow } from "./default-client-now.ts";

/** What {@link startRunNow} takes. */
export interface StartRunNowOptions extends OpenRunOptions {
  /** Where the run goes. Default: the configured tracking URI. */
  client?: Client | undefined;
}

/**
 * Opens a run without waiting, for a training that has begun already; `undefined` where its backend has to be waited for and
 * nobody has done so yet. The run is not made the process's default.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `INVALID_STATE` for a deleted experiment, or the backend's error
 */
export function startRunNow<Metrics extends MetricKeys = MetricKeys>({
  client,
  ...options
}: StartRunNowOptions): Run<Metrics> | undefined {
  const chosen = isDisabled() ? undefined : (client ?? defaultClientNow(openBackendNow));
  if (chosen === undefined && !isDisabled()) return undefined;
  return openRunNow<Metrics>(chosen?.backend ?? disabledBackend, options, { experiment: defaultExperiment() });
}
