import { resolve } from "node:path";
import { describe, TidemarkError } from "../base/errors.ts";
import { findBackend } from "../connect/connect.ts";
import type { Backend } from "../contract/backend.ts";
import { isSameBackend } from "../registry/clients.ts";
import { checkArgument } from "../schema/check.ts";
import { parseFilter } from "../search/filter.ts";
import { RUN_VOCABULARY } from "../search/vocabulary.ts";
import { Client } from "../tracking/client.ts";
import { follow } from "./follow.ts";
import { Ledger } from "./ledger.ts";
import type { SyncReport } from "./report.ts";
import type { SyncContext } from "./sync-context.ts";
import { DEFAULT_CONCURRENCY, type SyncHolder, type SyncOptions, syncOptionsSchema } from "./sync-options.ts";
import { SyncPass } from "./sync-pass.ts";
import { inTurn } from "./turns/in-turn.ts";
import type { QueueOptions } from "./turns/queue.ts";
import { TURN_PACE, type TurnPace } from "./turns/turn.ts";
import { Turns } from "./turns/turns.ts";

/**
 * Copies experiments, runs, logged models, artifacts and registered models from one store to another, whatever kinds of stores they are. What the
 * target has already is compared and left alone, so that a sync may be repeated, interrupted and begun again at any time, and ends with an
 * equal copy. What only the target has stays.
 *
 * Ids, numbers and times are kept where the target lets them be given; an MLflow server does not, and there the tag `tidemark.syncedFrom`
 * says which run is which. What both have with different content is listed, and only overwritten where that is asked for.
 *
 * Syncs to one MLflow server take turns: one that finds another at work waits for it, and says so by `onProgress`.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `CANCELLED`; `LOCK_LOST` where this process stood still for a minute and another sync
 * has taken its turn; what makes all else pointless: a store that is away, full, or lets nobody in. What a store refuses of single things is
 * in the report.
 * @example
 * ```ts
 * import { sync } from "tidemark/sync";
 *
 * const report = await sync({ from: "./mlruns", to: "./backup/mlruns" });
 * console.log(report.copied.runs, report.conflicts, report.failures);
 * ```
 */
export async function sync(options: SyncOptions): Promise<SyncReport> {
  return await syncAtPace(options, TURN_PACE);
}

/** The same, with another pace of syncs that wait for each other. */
export async function syncAtPace(options: SyncOptions, pace: TurnPace): Promise<SyncReport> {
  const checked = checkArgument("options", syncOptionsSchema, options);
  // What is wrong with it is said before anything is opened.
  parseFilter(checked.filter, RUN_VOCABULARY);
  const { dryRun = false, follow: goesOn = false } = checked;
  const stop = new AbortController();
  const signal = checked.signal ?? stop.signal;
  if (goesOn && checked.signal === undefined) {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", "follow: goes on until `signal` aborts, and there is none");
  }
  if (goesOn && dryRun) throw new TidemarkError("INVALID_PARAMETER_VALUE", "follow: a dry run looks once");
  const opened: Client[] = [];
  try {
    const from = await open(checked.from, opened);
    const to = await open(checked.to, opened);
    if (isSameBackend(from, to)) {
      throw new TidemarkError("INVALID_PARAMETER_VALUE", `to: ${describe(to.uri)} is the source itself`);
    }
    const context: SyncContext = {
      from,
      to,
      ledger: new Ledger(),
      dryRun,
      overwrite: checked.overwrite ?? false,
      artifacts: checked.artifacts ?? true,
      artifactDirectories: (checked.artifactDirectories ?? []).map((directory) => resolve(directory)),
      concurrency: checked.concurrency ?? DEFAULT_CONCURRENCY,
      signal,
      guard: undefined,
      runIds: new Map(),
      modelIds: new Map(),
      runCopies: new Map(),
    };
    const { experiments, filter, models = true, onProgress = () => {} } = checked;
    const selection = { experiments, filter, models };
    const onWaiting = (waitsFor: SyncHolder) =>
      onProgress({ runs: 0, totalRuns: 0, copied: context.ledger.copied, waitsFor });
    const turns = turnsAt(to, { pace, onWaiting });
    if (goesOn) {
      await follow(context, turns, selection, onProgress);
    } else {
      const pass = (held: SyncContext) =>
        new SyncPass(held, { ...selection, isWanted: () => true, onCopied: () => {} }, onProgress).run();
      await (dryRun || turns === undefined ? pass(context) : inTurn(context, turns, pass));
    }
    return context.ledger.report(from.uri, to.uri, dryRun);
  } finally {
    for (const client of opened) await client.close();
  }
}

/** A store that takes ids keeps syncs apart by itself, and one without a registry has nothing that could. */
function turnsAt({ backend, uri }: Client, options: Pick<QueueOptions, "pace" | "onWaiting">): Turns | undefined {
  const { registry, importer } = backend;
  return importer !== undefined || registry === undefined ? undefined : new Turns({ ...options, registry, uri });
}

/** A store that is named is opened here, and closed again. */
async function open(place: string | Backend | Client, opened: Client[]): Promise<Client> {
  if (typeof place !== "string") return "backend" in place ? place : new Client(place);
  const client = new Client(await findBackend(place));
  opened.push(client);
  return client;
}
