import { readEnvFlag } from "../base/env.ts";
import { newRunName } from "../base/ids.ts";
import type { Backend } from "../contract/backend.ts";
import { DESCRIPTION_TAG, PARENT_RUN_TAG, RUN_NAME_TAG } from "../schema/known-tags.ts";
import type { ExperimentRef, PlannedRun } from "../schema/run.ts";
import type { CapturedEnvironment } from "./environment/capture.ts";
import { packagesTag } from "./environment/packages.ts";
import type { RemoteOptions } from "./remote/open-remotely.ts";
import { type MetricKeys, Run } from "./run.ts";
import type { OpenRunOptions, openRunSchema } from "./run-options.ts";
import type { RunPlace } from "./run-place.ts";

/** What a run is opened with where the options don't say. */
export interface OpenRunDefaults {
  readonly experiment?: ExperimentRef;
}

export type CheckedOptions = ReturnType<typeof openRunSchema.parse>;

/** All that is said of a new run, without asking its backend. */
export function planRun(
  options: CheckedOptions,
  environment: CapturedEnvironment | undefined,
  defaults: OpenRunDefaults,
): PlannedRun {
  const { experiment, name, parent } = options;
  const packages = environment === undefined ? undefined : packagesTag();
  const tags: Record<string, string> = {
    ...environment?.tags,
    ...(packages === undefined ? {} : { "tidemark.packages": packages }),
    ...(parent === undefined ? {} : { [PARENT_RUN_TAG]: typeof parent === "string" ? parent : parent.id }),
    ...descriptionTag(options.description),
    ...options.tags,
  };
  const userId = tags["mlflow.user"];
  return {
    experiment: experiment === undefined ? (defaults.experiment ?? {}) : { name: experiment },
    run: {
      name: name ?? tags[RUN_NAME_TAG] ?? newRunName(),
      tags,
      startTime: Date.now(),
      ...(userId === undefined ? {} : { userId }),
    },
  };
}

/** An open run at a place, with what the options say of it. */
export function runAt<Metrics extends MetricKeys>(
  backend: Backend,
  place: RunPlace,
  options: CheckedOptions,
  captures: boolean,
  openChild: (options: OpenRunOptions, defaults: OpenRunDefaults) => Promise<Run>,
): Run<Metrics> {
  return new Run<Metrics>({
    backend,
    place,
    flushIntervalMs: options.flushIntervalMs,
    handleSignals: options.handleSignals ?? false,
    systemMetrics: options.systemMetrics ?? readEnvFlag("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"),
    onError: options.onError,
    packagesTag: captures ? packagesTag : undefined,
    openChild: (parent, childOptions) =>
      openChild({ ...childOptions, parent: childOptions?.parent ?? parent }, { experiment: place.experiment }),
  });
}

export const remoteOptions = ({ offline = "allow", spool = {} }: CheckedOptions): RemoteOptions => ({ offline, spool });

export const descriptionTag = (description: string | undefined) =>
  description === undefined ? {} : { [DESCRIPTION_TAG]: description };
