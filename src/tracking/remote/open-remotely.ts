import { warnOnce } from "../../base/diagnostics.ts";
import { messageOf } from "../../base/errors.ts";
import { newLocalRunId } from "../../base/ids.ts";
import type { Backend } from "../../contract/backend.ts";
import type { RemoteAccess } from "../../contract/remote-access.ts";
import { Spool, type SpoolOptions } from "../../queue/spool/spool.ts";
import type { SpoolEntry } from "../../queue/spool/spool-entry.ts";
import type { SpoolHeader } from "../../queue/spool/spool-header.ts";
import type { PlannedRun, RunEntity } from "../../schema/run.ts";
import type { RunPlace } from "../run-place.ts";
import { RemotePlace } from "./remote-place.ts";
import { replayInBackground } from "./replay-in-background.ts";

/** How a run is opened at a backend that can be away. */
export interface RemoteOptions {
  /** `"refuse"`: no run without its backend. */
  readonly offline: "allow" | "refuse";
  /** False: no spool, what waits does so in memory. */
  readonly spool: SpoolOptions | false;
}

/**
 * Opens a new run: at the backend where that answers, else in the spool, under a local id.
 *
 * @throws {TidemarkError} what the backend has against the run; `TEMPORARILY_UNAVAILABLE` where a run may not begin without it
 */
export async function openRemotely(
  backend: Backend,
  access: RemoteAccess,
  plan: PlannedRun,
  options: RemoteOptions,
): Promise<RunPlace> {
  const header = headerOf(backend, { name: plan.run.name, plan });
  const place = new RemotePlace(backend, access, header, openEntry(access, header, options.spool));
  try {
    await place.open(options.offline);
  } catch (error) {
    place.discard();
    throw error;
  }
  replayInBackground(backend);
  return place;
}

/** Begins a new run in the spool, under a local id, and looks for the backend afterwards. */
export function beginRemotely(
  backend: Backend,
  access: RemoteAccess,
  plan: PlannedRun,
  options: RemoteOptions,
): RunPlace {
  const header = headerOf(backend, { name: plan.run.name, plan });
  const place = new RemotePlace(backend, access, header, openEntry(access, header, options.spool));
  place.begin();
  return place;
}

/** Opens a run that the backend has: the entity is what it answered. */
export function reopenRemotely(
  backend: Backend,
  access: RemoteAccess,
  { id, name }: RunEntity,
  options: RemoteOptions,
): Promise<RunPlace> {
  const header = headerOf(backend, { name, runId: id });
  const place = new RemotePlace(backend, access, header, openEntry(access, header, options.spool));
  return place.open("refuse").then(
    () => place,
    (error: unknown) => {
      place.discard();
      throw error;
    },
  );
}

const headerOf = (backend: Backend, what: Pick<SpoolHeader, "name" | "plan" | "runId">): SpoolHeader => ({
  format: 1,
  backend: backend.uri,
  localRunId: newLocalRunId(),
  createdAt: Date.now(),
  ...what,
});

/** Without a place on disk a run goes on in memory. */
function openEntry(access: RemoteAccess, header: SpoolHeader, spool: SpoolOptions | false): SpoolEntry | undefined {
  if (spool === false) return undefined;
  try {
    return new Spool(access.identity, spool).create(header);
  } catch (error) {
    warnOnce("spool:create", `${messageOf(error)}: what waits for ${header.backend} does so in memory only`);
    return undefined;
  }
}
