import { log, warnOnce } from "../../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import type { Backend } from "../../contract/backend.ts";
import type { Batch } from "../../contract/batch.ts";
import type { AsyncMetricSink } from "../../contract/metric-sink.ts";
import type { RemoteAccess } from "../../contract/remote-access.ts";
import { countEntries } from "../../queue/count-entries.ts";
import { Outbox } from "../../queue/outbox.ts";
import { Spool, type SpoolOptions } from "../../queue/spool/spool.ts";
import type { SpoolEntry } from "../../queue/spool/spool-entry.ts";
import { isAway, isGone } from "./away.ts";
import { finishThere } from "./finish-there.ts";
import { RemoteArtifacts } from "./remote-artifacts.ts";
import { RemoteRun } from "./remote-run.ts";
import { RemoteSink } from "./remote-sink.ts";

/** How a replay is watched and stopped. */
export interface ReplayOptions {
  readonly spool?: SpoolOptions;
  readonly signal?: AbortSignal;
  /** False for a replay that nobody waits for. Default true. */
  readonly keepsProcessAlive?: boolean;
  /** Called with how many values, params, tags and inputs the backend has taken since the last call. */
  readonly onProgress?: (count: number) => void;
}

/** What became of one run in the spool. */
export interface ReplayedRun {
  readonly localRunId: string;
  /** The backend's id, where it is known. */
  readonly runId?: string;
  readonly name: string;
  /** Values, params, tags and inputs that the backend has taken, and those it has refused for good. */
  readonly delivered: number;
  readonly rejected: number;
  /** Why something of it is still in the spool; absent where nothing is. */
  readonly left?: TidemarkError;
}

/**
 * Brings to a backend what earlier programs have left in the spool for it, oldest run first. What a living process works on is not
 * touched. Ends early where the backend is away.
 */
export async function replaySpool(backend: Backend, options: ReplayOptions = {}): Promise<ReplayedRun[]> {
  const { remote } = backend;
  if (remote === undefined) return [];
  const spool = new Spool(remote.identity, options.spool);
  const replayed: ReplayedRun[] = [];
  for (const directory of spool.abandoned()) {
    if (options.signal?.aborted === true) break;
    const entry = claim(spool, directory, replayed);
    if (entry === undefined) continue;
    const run = await replayEntry(backend, remote, entry, options);
    replayed.push(run);
    if (isAway(run.left)) break;
  }
  return replayed;
}

/** What cannot even be read is told like what cannot be brought there. */
function claim(spool: Spool, directory: string, replayed: ReplayedRun[]): SpoolEntry | undefined {
  try {
    return spool.claim(directory);
  } catch (error) {
    replayed.push({ localRunId: "", name: directory, delivered: 0, rejected: 0, left: errorOf(error) });
    return undefined;
  }
}

async function replayEntry(
  backend: Backend,
  access: RemoteAccess,
  entry: SpoolEntry,
  options: ReplayOptions,
): Promise<ReplayedRun> {
  const { localRunId, name } = entry.header;
  const run = new RemoteRun(access.tracking, entry.header, entry, true);
  const artifacts = new RemoteArtifacts(`runs:/${localRunId}`, { backend, access, run, entry, onStaged: () => {} });
  const { journal } = entry;
  const sink = new RemoteSink(access, run);
  const outbox = new Outbox({
    sink: counted(sink, options.onProgress),
    journal,
    series: journal.series,
    maxPendingEntries: Number.POSITIVE_INFINITY,
    onTrouble: undefined,
  });
  let left: TidemarkError | undefined;
  try {
    // Who does not answer this once is away: no need to go on until the retries are spent.
    await run.reach();
    const { signal, keepsProcessAlive = true } = options;
    const rest = journal.rest();
    if (rest.unreadableBytes > 0) {
      const message = `${rest.unreadableBytes} bytes of what waits of run ${name} in ${entry.directory} cannot be read and are lost`;
      warnOnce(`damage:${localRunId}`, message);
    }
    outbox.adopt(rest);
    outbox.startSending();
    await outbox.whenSettled({ signal, keepsProcessAlive });
    await finishThere(access, run, artifacts, entry.end, true);
  } catch (error) {
    // A run that was deleted meanwhile takes nothing, and never will: what it refused is counted.
    if (!run.isMade || !isGone(error)) left = errorOf(error);
  }
  outbox.abort();
  run.forget();
  await sink
    .close()
    .catch((error: unknown) => log("debug", `the sink of run ${name} did not close: ${messageOf(error)}`));
  if (left === undefined) entry.remove();
  else entry.release();
  const { acknowledged, rejected } = outbox.stats(0);
  const runId = run.entity?.id;
  return {
    localRunId,
    name,
    delivered: acknowledged,
    rejected,
    ...(runId === undefined ? {} : { runId }),
    ...(left === undefined ? {} : { left }),
  };
}

function counted(sink: RemoteSink, onProgress: ((count: number) => void) | undefined): AsyncMetricSink {
  if (onProgress === undefined) return sink;
  return {
    limits: sink.limits,
    write: async (batch: Batch, signal) => {
      const outcome = await sink.write(batch, signal);
      if (outcome.status === "ok") onProgress(countEntries(batch));
      return outcome;
    },
    close: () => sink.close(),
  };
}

const errorOf = (error: unknown): TidemarkError =>
  error instanceof TidemarkError
    ? error
    : new TidemarkError("INTERNAL_ERROR", `the replay failed: ${messageOf(error)}`, { cause: error });
