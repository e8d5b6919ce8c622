import { TidemarkError } from "../base/errors.ts";
import { isDisabled } from "../base/platform.ts";
import type { Backend } from "../contract/backend.ts";
import type { RemoteAccess } from "../contract/remote-access.ts";
import { checkArgument } from "../schema/check.ts";
import type { PlannedRun } from "../schema/run.ts";
import { disabledBackend } from "./disabled-backend.ts";
import { captureEnvironment, captureProcess } from "./environment/capture.ts";
import { resolveExperimentSync } from "./experiments.ts";
import { flattenParams } from "./flatten-params.ts";
import { keepDiff } from "./keep-diff.ts";
import { openRun } from "./open-run.ts";
import { type CheckedOptions, type OpenRunDefaults, planRun, remoteOptions, runAt } from "./plan-run.ts";
import { beginRemotely } from "./remote/open-remotely.ts";
import type { MetricKeys, Run } from "./run.ts";
import { type OpenRunOptions, openRunSchema } from "./run-options.ts";
import { directPlace, type RunPlace } from "./run-place.ts";

/**
 * Opens a new run without waiting, for a training that has begun already: on local disk it is there when this returns; for a server it
 * begins in the spool, under a local id. What git says of the code follows as soon as the event loop turns.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, also for a `runId`: resuming takes waiting; `INVALID_STATE` for a deleted
 *   experiment, or the backend's error
 */
export function openRunNow<Metrics extends MetricKeys = MetricKeys>(
  chosenBackend: Backend,
  options: OpenRunOptions,
  defaults: OpenRunDefaults = {},
): Run<Metrics> {
  const checked = checkArgument("options", openRunSchema, options);
  if (checked.runId !== undefined) {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", "runId: a run is resumed by startRun, which waits for it");
  }
  const params = checked.params === undefined ? [] : flattenParams(checked.params);
  const backend = isDisabled() ? disabledBackend : chosenBackend;
  const captures = checked.captureEnvironment !== false && backend !== disabledBackend;
  const plan = planRun(checked, captures ? captureProcess() : undefined, defaults);
  const place = create(backend, plan, checked);
  const run = runAt<Metrics>(backend, place, checked, captures, (childOptions, childDefaults) =>
    openRun(backend, childOptions, childDefaults),
  );
  for (const param of params) run.logParam(param.key, param.value);
  if (captures) void addWorkingTree(run, plan);
  return run;
}

function create(backend: Backend, plan: PlannedRun, options: CheckedOptions): RunPlace {
  const { remote, tracking } = backend;
  if (remote !== undefined) return beginRemotely(backend, remote, plan, remoteOptions(options));
  const { sync } = tracking;
  // A backend of somebody's own may have to be waited for: the run waits in memory.
  if (sync === undefined) return beginRemotely(backend, inMemory(backend), plan, { offline: "allow", spool: false });
  const experimentId = resolveExperimentSync(sync, plan.experiment);
  const entity = sync.createRun({ ...plan.run, experimentId });
  return directPlace(backend, entity, sync.openSink(entity.id));
}

const inMemory = ({ uri, tracking, artifacts }: Backend): RemoteAccess => ({
  identity: uri,
  sinkLimits: {},
  tracking,
  openSink: ({ id }) => tracking.openSink(id),
  artifacts,
});

/** Git is asked while the training goes on. Tags that the caller has set stay. */
async function addWorkingTree(run: Run<never>, plan: PlannedRun): Promise<void> {
  const { tags, diff } = await captureEnvironment();
  if (run.status !== "RUNNING") return;
  run.setTags(Object.fromEntries(Object.entries(tags).filter(([key]) => plan.run.tags?.[key] === undefined)));
  if (diff !== undefined) await keepDiff(run, diff);
}
