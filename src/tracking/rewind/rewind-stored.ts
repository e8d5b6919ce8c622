import type { Backend } from "../../contract/backend.ts";
import type { RewindTarget } from "../../contract/tracking-store.ts";
import type { RunEntity } from "../../schema/run.ts";
import { copyRun } from "./copy-run.ts";

/**
 * Takes back a run that nobody has open, and answers the one to go on with: the same, or a copy where the store cannot take values back.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` for a missing mark, `INVALID_STATE` where somebody writes to the run, or the backend's error
 */
export async function rewindStored(backend: Backend, run: RunEntity, to: RewindTarget): Promise<RunEntity> {
  const { tracking } = backend;
  if (tracking.rewind === undefined) return await copyRun(backend, run, to);
  await tracking.rewind(run.id, to);
  return await tracking.getRun(run.id);
}
