import { log, warnOnce } from "../../base/diagnostics.ts";
import { messageOf } from "../../base/errors.ts";
import type { Backend } from "../../contract/backend.ts";
import { Spool } from "../../queue/spool/spool.ts";
import { isAway } from "./away.ts";

interface Replay {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

const replays = new WeakMap<Backend, Replay>();

/** Brings to a backend what earlier programs have left for it, while this one goes on. One replay at a time. */
export function replayInBackground(backend: Backend): void {
  if (backend.remote === undefined || replays.has(backend)) return;
  if (!hasLeftovers(backend.remote.identity)) return;
  const stop = new AbortController();
  const done = replay(backend, stop.signal).finally(() => replays.delete(backend));
  replays.set(backend, { stop, done });
}

/** False as well where no spool can be: Deno may not say where. */
function hasLeftovers(identity: string): boolean {
  try {
    return new Spool(identity).abandoned().length > 0;
  } catch (error) {
    log("debug", `the spool is not looked at: ${messageOf(error)}`);
    return false;
  }
}

/** Leaves the rest in the spool, and settles when nothing is on the way any more. */
export async function stopReplay(backend: Backend): Promise<void> {
  const running = replays.get(backend);
  running?.stop.abort();
  await running?.done;
}

/** Settles when nothing is being brought there in the background. */
export async function whenReplayed(backend: Backend): Promise<void> {
  await replays.get(backend)?.done;
}

async function replay(backend: Backend, signal: AbortSignal): Promise<void> {
  try {
    // Nobody who connects waits for this, and hardly anybody has something to be brought there.
    const { replaySpool } = await import("./replay.ts");
    for (const { name, localRunId, delivered, rejected, left } of await replaySpool(backend, {
      signal,
      keepsProcessAlive: false,
    })) {
      const run = `run ${name}${localRunId === "" ? "" : ` (${localRunId})`}`;
      if (left === undefined)
        log("info", `${run} of an earlier program was brought to ${backend.uri}: ${delivered} entries`);
      else if (!isAway(left) && !signal.aborted)
        warnOnce(`replay:${localRunId}`, `${run} stays in the spool: ${left.message}`);
      if (rejected > 0)
        warnOnce(`rejected:${localRunId}`, `${run}: ${backend.uri} refused ${rejected} entries for good`);
    }
  } catch (error) {
    warnOnce(`replay:${backend.uri}`, `what earlier programs have left in the spool stays there: ${messageOf(error)}`);
  }
}
