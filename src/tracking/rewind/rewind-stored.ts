import { TidemarkError } from "../../base/errors.ts";
import { runIsWritten } from "../../base/store-errors.ts";
import type { Backend } from "../../contract/backend.ts";
import type { RewindTarget, TrackingStore } from "../../contract/tracking-store.ts";
import { processState } from "../../queue/spool/owner.ts";
import type { RunEntity } from "../../schema/run.ts";
import { PROCESS_TAG, readProcess } from "../life/process-tag.ts";
import { copyRun, REWOUND_TO_TAG } from "./copy-run.ts";

/**
 * The run that a run has gone on as, where its store cannot take values back; else itself. So a job that is started again and again with the id of
 * its first run goes on where it has got to, as it does where one run is taken back.
 */
export async function newestOf(tracking: TrackingStore, run: RunEntity): Promise<RunEntity> {
  let newest = run;
  if (tracking.rewind !== undefined) return newest;
  const seen = new Set<string>();
  for (let next = run.tags[REWOUND_TO_TAG]; next !== undefined && !seen.has(next); next = newest.tags[REWOUND_TO_TAG]) {
    seen.add(next);
    const successor = await tracking.getRun(next).catch((error: unknown) => {
      if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return undefined;
      throw error;
    });
    if (successor === undefined || successor.lifecycleStage === "deleted") break;
    newest = successor;
  }
  return newest;
}

/**
 * Stores only see who writes at this moment, and trainings are silent for whole epochs. What is open in this process, or in one that cannot be asked for,
 * is theirs to find; a process that is gone says nothing of others that may write.
 */
function refuseItsProcess({ id, status, startTime, tags }: RunEntity): void {
  const owner = readProcess(tags[PROCESS_TAG]);
  if (status !== "RUNNING" || owner === undefined || owner.pid === process.pid) return;
  const state = processState(owner, startTime);
  if (state === "running" || state === "stopped") {
    throw runIsWritten(id, `process ${owner.pid} of this machine, which has opened it, is ${state}: end the run first`);
  }
}

/**
 * Takes back a run that nobody has open, and answers the one to go on with: the same, or a copy where the store cannot take values back.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` for a missing mark, `INVALID_STATE` where somebody writes to the run, or the backend's error
 */
export async function rewindStored(backend: Backend, run: RunEntity, to: RewindTarget): Promise<RunEntity> {
  const { tracking } = backend;
  if (tracking.rewind === undefined) return await copyRun(backend, run, to);
  refuseItsProcess(run);
  await tracking.rewind(run.id, to);
  return await tracking.getRun(run.id);
}
