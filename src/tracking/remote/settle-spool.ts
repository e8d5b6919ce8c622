import { TidemarkError } from "../../base/errors.ts";
import { runIsWritten } from "../../base/store-errors.ts";
import type { Backend } from "../../contract/backend.ts";
import { Spool, type SpoolOptions } from "../../queue/spool/spool.ts";
import { replaySpool } from "./replay.ts";
import { whenReplayed } from "./replay-in-background.ts";

/**
 * Sees that nothing of a run waits in the spool: what does would arrive after the run was taken back, and count as new. What a dead program has left
 * is brought to the backend.
 *
 * @param ids - By which the run is known: the backend's, and the local one.
 * @throws {TidemarkError} `INVALID_STATE` where a living program has values of the run there, or they cannot be delivered
 */
export async function settleSpool(
  backend: Backend,
  ids: readonly string[],
  options: SpoolOptions | false,
): Promise<void> {
  const { remote } = backend;
  if (remote === undefined || options === false) return;
  await whenReplayed(backend);
  const spool = new Spool(remote.identity, options);
  const waiting = () =>
    spool.entries().filter(({ header }) => ids.includes(header.localRunId) || ids.includes(header.runId ?? ""));
  const before = waiting();
  const [runId = ""] = ids;
  if (before.length === 0) return;
  if (before.some(({ isOwned }) => isOwned)) throw runIsWritten(runId, "a program has it open: end it first");
  const replayed = await replaySpool(backend, { spool: options });
  const [left] = waiting();
  if (left === undefined) return;
  const cause = replayed.find(({ localRunId }) => localRunId === left.header.localRunId)?.left;
  const message = `run ${runId} cannot be taken back while values of it wait in ${left.directory}: ${cause?.message ?? "another program is at it"}`;
  throw new TidemarkError("INVALID_STATE", message, { cause });
}
