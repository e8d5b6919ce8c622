import { TidemarkError } from "../base/errors.ts";
import { isDisabled } from "../base/platform.ts";
import type { Backend } from "../contract/backend.ts";
import type { RewindTarget } from "../contract/tracking-store.ts";
import { checkArgument } from "../schema/check.ts";
import { RUN_NAME_TAG } from "../schema/known-tags.ts";
import { LOCAL_RUN_ID_TAG, type PlannedRun, type RunEntity } from "../schema/run.ts";
import { disabledBackend } from "./disabled-backend.ts";
import { captureEnvironment } from "./environment/capture.ts";
import { resolveExperiment } from "./experiments.ts";
import { flattenParams } from "./flatten-params.ts";
import { keepDiff } from "./keep-diff.ts";
import { PROCESS_TAG } from "./life/process-tag.ts";
import { REAPED_TAG } from "./life/revive-run.ts";
import {
  type CheckedOptions,
  descriptionTag,
  type OpenRunDefaults,
  planRun,
  remoteOptions,
  runAt,
} from "./plan-run.ts";
import type { MetricKeys, Run } from "./run.ts";
import { type OpenRunOptions, openRunSchema } from "./run-options.ts";
import { directPlace, type RunPlace } from "./run-place.ts";
import { writeOnce } from "./write-once.ts";

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
    ? await resume(backend, checked, environment?.tags[PROCESS_TAG])
    : await create(backend, planRun(checked, environment, defaults), checked);
  const run = runAt<Metrics>(backend, place, checked, captures, (options, defaults) =>
    openRun(backend, options, defaults),
  );
  for (const param of params) run.logParam(param.key, param.value);
  if (isResumed) run.setTags({ ...checked.tags, ...descriptionTag(checked.description) });
  if (isResumed && checked.name !== undefined) run.setTag(RUN_NAME_TAG, checked.name);
  if (!isResumed && environment?.diff !== undefined) await keepDiff(run, environment.diff);
  return run;
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

const openDirectly = async (backend: Backend, entity: RunEntity): Promise<RunPlace> =>
  directPlace(backend, entity, await backend.tracking.openSink(entity.id));

async function resume(backend: Backend, options: CheckedOptions, process: string | undefined): Promise<RunPlace> {
  const { tracking, remote } = backend;
  const runId = options.runId as string;
  const target = rewindTarget(options);
  // What waits of it comes first: where the run is known by its local id, the backend may not know it yet.
  if (target !== undefined) await settleSpool(backend, [runId], options);
  const stored = await tracking.getRun(runId);
  if (stored.lifecycleStage === "deleted") {
    throw new TidemarkError("INVALID_STATE", `run ${runId} is deleted and cannot be resumed`);
  }
  if (options.experiment !== undefined) {
    const experiment = await tracking.getExperimentByName(options.experiment);
    if (experiment?.id !== stored.experimentId) {
      const message = `experiment: run ${runId} belongs to experiment ${stored.experimentId}, not to ${JSON.stringify(options.experiment)}`;
      throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument: "experiment" } });
    }
  }
  const entity = target === undefined ? stored : await takeBack(backend, stored, target, options);
  // Before it is RUNNING: the process that had it is gone, and nobody shall take this one for it.
  if (process !== undefined) await writeOnce(tracking, entity.id, { tags: [{ key: PROCESS_TAG, value: process }] });
  await tracking.updateRun({ runId: entity.id, status: "RUNNING" });
  if (Object.hasOwn(entity.tags, REAPED_TAG)) await tracking.deleteTag(entity.id, REAPED_TAG);
  if (remote !== undefined) {
    const { reopenRemotely } = await loadRemote();
    return await reopenRemotely(backend, remote, entity, remoteOptions(options));
  }
  return await openDirectly(backend, entity);
}

function rewindTarget({ fromMark, fromStep }: CheckedOptions): RewindTarget | undefined {
  if (fromMark !== undefined) return { mark: fromMark };
  return fromStep === undefined ? undefined : { steps: new Map(Object.entries(fromStep)) };
}

async function takeBack(
  backend: Backend,
  stored: RunEntity,
  target: RewindTarget,
  options: CheckedOptions,
): Promise<RunEntity> {
  const { newestOf, rewindStored } = await import("./rewind/rewind-stored.ts");
  const run = await newestOf(backend.tracking, stored);
  const { [LOCAL_RUN_ID_TAG]: localRunId } = run.tags;
  await settleSpool(backend, [run.id, ...(localRunId === undefined ? [] : [localRunId])], options);
  return await rewindStored(backend, run, target);
}

async function settleSpool(backend: Backend, ids: readonly string[], options: CheckedOptions): Promise<void> {
  if (backend.remote === undefined) return;
  const { settleSpool: settle } = await import("./remote/settle-spool.ts");
  await settle(backend, ids, options.spool ?? {});
}

/** Who records into a directory needs no spool. */
const loadRemote = () => import("./remote/open-remotely.ts");
