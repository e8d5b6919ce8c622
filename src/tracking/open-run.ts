import { warnOnce } from "../base/diagnostics.ts";
import { readEnvFlag } from "../base/env.ts";
import { messageOf, TidemarkError } from "../base/errors.ts";
import { newRunName } from "../base/ids.ts";
import { isDisabled } from "../base/platform.ts";
import type { Backend } from "../contract/backend.ts";
import { checkArgument } from "../schema/check.ts";
import type { ExperimentRef, PlannedRun } from "../schema/run.ts";
import { disabledBackend } from "./disabled-backend.ts";
import { type CapturedEnvironment, captureEnvironment } from "./environment/capture.ts";
import { packagesTag } from "./environment/packages.ts";
import { resolveExperiment } from "./experiments.ts";
import { flattenParams } from "./flatten-params.ts";
import type { RemoteOptions } from "./remote/remote-place.ts";
import { type MetricKeys, Run } from "./run.ts";
import { type OpenRunOptions, openRunSchema } from "./run-options.ts";
import { openDirectly, type RunPlace } from "./run-place.ts";

/** Where the uncommitted changes of the code that made a run are kept among its artifacts. */
const DIFF_ARTIFACT = "git/uncommitted.patch";

/** What a run is opened with where the options don't say. */
export interface OpenRunDefaults {
  readonly experiment?: ExperimentRef;
}

/**
 * Opens a run at a backend: creates it, or resumes the one the options name.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `RESOURCE_DOES_NOT_EXIST`, `INVALID_STATE` for a deleted run or experiment,
 *   or the backend's error
 */
export async function openRun<Metrics extends MetricKeys = MetricKeys>(
  chosenBackend: Backend,
  options: OpenRunOptions,
  defaults: OpenRunDefaults = {},
): Promise<Run<Metrics>> {
  const checked = checkArgument("options", openRunSchema, options);
  // Before anything is created: a param that is refused must not leave a run behind.
  const params = checked.params === undefined ? [] : flattenParams(checked.params);
  const backend = isDisabled() ? disabledBackend : chosenBackend;
  const captures = checked.captureEnvironment !== false && backend !== disabledBackend;
  const environment = captures ? await captureEnvironment() : undefined;
  const isResumed = checked.runId !== undefined && backend !== disabledBackend;
  const place = isResumed
    ? await resume(backend, checked)
    : await create(backend, planRun(checked, environment, defaults), checked);
  const run = new Run<Metrics>({
    place,
    flushIntervalMs: checked.flushIntervalMs,
    handleSignals: checked.handleSignals ?? false,
    systemMetrics: checked.systemMetrics ?? readEnvFlag("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"),
    onError: checked.onError,
    packagesTag: captures ? packagesTag : undefined,
    openChild: (parent, childOptions) =>
      openRun(backend, { ...childOptions, parent: childOptions?.parent ?? parent }, { experiment: place.experiment }),
  });
  for (const param of params) run.logParam(param.key, param.value);
  if (isResumed) run.setTags({ ...checked.tags, ...descriptionTag(checked.description) });
  if (isResumed && checked.name !== undefined) run.setTag("mlflow.runName", checked.name);
  if (!isResumed && environment?.diff !== undefined) await keepDiff(run, environment.diff);
  return run;
}

type CheckedOptions = ReturnType<typeof openRunSchema.parse>;

/** All that is said of a new run, without asking its backend. */
function planRun(
  options: CheckedOptions,
  environment: CapturedEnvironment | undefined,
  defaults: OpenRunDefaults,
): PlannedRun {
  const { experiment, name, parent } = options;
  const packages = environment === undefined ? undefined : packagesTag();
  const tags: Record<string, string> = {
    ...environment?.tags,
    ...(packages === undefined ? {} : { "tidemark.packages": packages }),
    ...(parent === undefined ? {} : { "mlflow.parentRunId": typeof parent === "string" ? parent : parent.id }),
    ...descriptionTag(options.description),
    ...options.tags,
  };
  const userId = tags["mlflow.user"];
  return {
    experiment: experiment === undefined ? (defaults.experiment ?? {}) : { name: experiment },
    run: {
      name: name ?? tags["mlflow.runName"] ?? newRunName(),
      tags,
      startTime: Date.now(),
      ...(userId === undefined ? {} : { userId }),
    },
  };
}

async function create(backend: Backend, plan: PlannedRun, options: CheckedOptions): Promise<RunPlace> {
  const { remote, tracking } = backend;
  if (remote !== undefined) {
    const { openRemotely } = await loadRemote();
    return await openRemotely(backend, remote, plan, remoteOptions(options));
  }
  const experimentId = await resolveExperiment(tracking, plan.experiment);
  return await openDirectly(backend, await tracking.createRun({ ...plan.run, experimentId }));
}

async function resume(backend: Backend, options: CheckedOptions): Promise<RunPlace> {
  const { tracking, remote } = backend;
  const runId = options.runId as string;
  const entity = await tracking.getRun(runId);
  if (entity.lifecycleStage === "deleted") {
    throw new TidemarkError("INVALID_STATE", `run ${runId} is deleted and cannot be resumed`);
  }
  if (options.experiment !== undefined) {
    const experiment = await tracking.getExperimentByName(options.experiment);
    if (experiment?.id !== entity.experimentId) {
      const message = `experiment: run ${runId} belongs to experiment ${entity.experimentId}, not to ${JSON.stringify(options.experiment)}`;
      throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: "experiment" } });
    }
  }
  await tracking.updateRun({ runId: entity.id, status: "RUNNING" });
  if (remote !== undefined) {
    const { reopenRemotely } = await loadRemote();
    return await reopenRemotely(backend, remote, entity, remoteOptions(options));
  }
  return await openDirectly(backend, entity);
}

/** Who records into a directory needs no spool. */
const loadRemote = () => import("./remote/remote-place.ts");

const remoteOptions = ({ offline = "allow", spool = {} }: CheckedOptions): RemoteOptions => ({ offline, spool });

const descriptionTag = (description: string | undefined) =>
  description === undefined ? {} : { "mlflow.note.content": description };

async function keepDiff(run: Run<never>, diff: string): Promise<void> {
  await run.logText(diff, DIFF_ARTIFACT).catch((error: unknown) => {
    warnOnce(`diff:${run.id}`, `run ${run.id}: the uncommitted changes could not be kept: ${messageOf(error)}`);
  });
}
