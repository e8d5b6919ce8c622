import { setTimeout as sleep } from "node:timers/promises";
import { log } from "../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../base/errors.ts";
import type { RunEntity } from "../schema/run.ts";
import type { SyncContext } from "./sync-context.ts";
import type { SyncProgress } from "./sync-options.ts";
import { type Selection, SyncPass } from "./sync-pass.ts";
import { inTurn, inTurnIfNeeded } from "./turns/in-turn.ts";
import type { Turns } from "./turns/turns.ts";

/** Together with a look of the same length, well below the five seconds that a copy may be behind. */
const PAUSE_MS = 1_000;
/** While a store is away. */
const LONG_PAUSE_MS = 5_000;
/** All runs are compared again so often, whatever they look like. */
const WHOLE_LOOK_MS = 60_000;

/** What another look may not meet any more. */
const PASSING: ReadonlySet<TidemarkError["code"]> = new Set(["TEMPORARILY_UNAVAILABLE", "LOCK_LOST"]);

type Choice = Pick<Selection, "experiments" | "filter" | "models">;

/** Looks again and again, and copies what has come, until the signal aborts. What has not changed since it was copied is left out. */
export async function follow(
  context: SyncContext,
  turns: Turns | undefined,
  choice: Choice,
  onProgress: (progress: SyncProgress) => void,
): Promise<void> {
  const { signal, ledger } = context;
  let wholeLookAt = 0;
  let seen = new Map<string, string>();
  const looking = new Map<string, string>();
  while (!signal.aborted) {
    const isWhole = Date.now() >= wholeLookAt;
    if (isWhole) {
      seen = new Map();
      ledger.beginLook();
      context.runCopies.clear();
      wholeLookAt = Date.now() + WHOLE_LOOK_MS;
    }
    const selection: Selection = {
      ...choice,
      models: choice.models && isWhole,
      isWanted: (run) => {
        const looks = looksOf(run);
        looking.set(run.id, looks);
        return seen.get(run.id) !== looks;
      },
      onCopied: (runId) => void seen.set(runId, looking.get(runId) ?? ""),
    };
    const pass = (held: SyncContext) => new SyncPass(held, selection, onProgress).run();
    const pauseMs = await look(async () => {
      if (turns === undefined) await pass(context);
      else await (isWhole ? inTurn : inTurnIfNeeded)(context, turns, pass);
    }, signal);
    // An abort ends the pause, and is no error: it is how this ends.
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}

async function look(work: () => Promise<void>, signal: AbortSignal): Promise<number> {
  try {
    await work();
    return PAUSE_MS;
  } catch (error) {
    if (signal.aborted) return 0;
    if (!(error instanceof TidemarkError) || !PASSING.has(error.code)) throw error;
    log("warn", `the sync goes on when it can: ${messageOf(error)}`);
    return LONG_PAUSE_MS;
  }
}

/** What changes when something is logged to a run. */
function looksOf(run: RunEntity): string {
  const { name, status, endTime, lifecycleStage, latestMetrics, inputs, modelInputs, modelOutputs } = run;
  const counts = [inputs.length, modelInputs.length, modelOutputs.length];
  const points = latestMetrics.map(({ key, step, timestamp, value }) => [key, step, timestamp, String(value)]);
  return JSON.stringify([name, status, endTime, lifecycleStage, counts, points, run.params, run.tags]);
}
