import type { RemoteAccess } from "../../contract/remote-access.ts";
import { reviveRun } from "../life/revive-run.ts";
import type { RunEnd } from "../run-place.ts";
import { isAway } from "./away.ts";
import type { RemoteArtifacts } from "./remote-artifacts.ts";
import type { RemoteRun } from "./remote-run.ts";

/**
 * Brings to the backend what is left of a run when its log is there: files, then how it ended. A file that is refused keeps nothing
 * else back.
 *
 * @throws {TidemarkError} `TEMPORARILY_UNAVAILABLE`, or why something was refused
 */
export async function finishThere(
  { tracking }: RemoteAccess,
  run: RemoteRun,
  artifacts: RemoteArtifacts,
  end: RunEnd | undefined,
  mayBeReaped: boolean,
): Promise<void> {
  const { id } = await run.reach();
  let refusal: unknown;
  await artifacts.deliver().catch((error: unknown) => {
    if (isAway(error)) throw error;
    refusal = error;
  });
  await run.removeTwins();
  if (end !== undefined && mayBeReaped) await reviveRun(tracking, id);
  if (end !== undefined) await tracking.updateRun({ runId: id, ...end });
  if (refusal !== undefined) throw refusal;
}
