import type { Backend } from "../../contract/backend.ts";
import { type ProcessState, processState } from "../../queue/spool/owner.ts";
import { Spool } from "../../queue/spool/spool.ts";
import { LOCAL_RUN_ID_TAG, type RunEntity } from "../../schema/run.ts";
import { PROCESS_TAG, readProcess } from "./process-tag.ts";

/** When a run was heard of last, and what is known of its process. */
export interface LifeSign {
  readonly runId: string;
  /** Of the run's newest write, here or in the spool of this machine: milliseconds since 1970. */
  readonly lastSign: number;
  /**
   * What this machine knows of the process that opened the run last. `"unknown"` on any other machine, and for runs of Python or of programs that don't
   * record their environment.
   */
  readonly process: ProcessState;
  /** The run is RUNNING, and nobody seems to be at work on it. */
  readonly isStale: boolean;
}

/** Trainings block the event loop for whole epochs, and log nothing meanwhile. */
export const DEFAULT_SILENCE_MS = 10 * 60_000;

/** A process may be gone while another goes on with the run: who has written that lately is not taken for dead. */
const OTHERS_MAY_WRITE_MS = 5_000;

/** Looks for signs of life of runs, as far as the backend and this machine have any. */
export async function lifeSigns(
  { tracking, remote }: Backend,
  runs: readonly RunEntity[],
  olderThanMs: number,
): Promise<LifeSign[]> {
  if (runs.length === 0) return [];
  const written = (await tracking.lastWrites?.(runs)) ?? runs.map(newestValue);
  const spooled = remote === undefined ? new Map<string, number>() : new Spool(remote.identity).lastWrites();
  const now = Date.now();
  return runs.map((run, index) => {
    const ids = [run.id, run.tags[LOCAL_RUN_ID_TAG] ?? run.id];
    const signs = [run.startTime, written[index] ?? 0, ...ids.map((id) => spooled.get(id) ?? 0)];
    const lastSign = Math.floor(Math.max(...signs));
    const owner = readProcess(run.tags[PROCESS_TAG]);
    const process = owner === undefined ? "unknown" : processState(owner, lastSign);
    const isStale = run.status === "RUNNING" && isQuiet(now - lastSign, process, olderThanMs);
    return { runId: run.id, lastSign, process, isStale };
  });
}

/** A process that runs is a sign of life by itself, however long it says nothing. */
function isQuiet(silenceMs: number, process: ProcessState, olderThanMs: number): boolean {
  if (process === "running") return false;
  return silenceMs >= (process === "gone" ? Math.min(olderThanMs, OTHERS_MAY_WRITE_MS) : olderThanMs);
}

/** The best that a backend tells which does not keep when it was written. Who logs chooses the times of values: none is in the future. */
function newestValue({ startTime, latestMetrics }: RunEntity): number {
  const now = Date.now();
  return latestMetrics.reduce(
    (newest, { timestamp }) => (timestamp <= now ? Math.max(newest, timestamp) : newest),
    startTime,
  );
}
