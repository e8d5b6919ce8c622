import { TidemarkError } from "../base/errors.ts";
import type { AutologRun } from "../fluent/autolog-run.ts";
import { autologRun } from "../fluent/autolog-run.ts";
import { defaultClient } from "../fluent/configure.ts";
import { startRunNow } from "../fluent/start-run-now.ts";
import { activeRun } from "../tracking/active-run.ts";
import type { Client } from "../tracking/client.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { ledgerOf } from "./run-ledger.ts";

/** A run for a training, and where it is kept. */
export interface TrainingRun extends AutologRun {
  readonly client: () => Promise<Client>;
}

/**
 * Finds or opens the run for a training, without waiting. A run takes one training at a time: while another goes on in it, this one gets a
 * child of it.
 *
 * @param trained - The model or optimizer, and what belongs to it.
 * @returns `undefined` where the backend has to be waited for and nobody has done so yet
 * @throws {TidemarkError} what opening throws; `RUN_ENDED` where the run that was asked for has ended
 */
export function openTrainingRun(
  options: CheckedAutologOptions,
  trained: readonly (object | undefined)[],
): TrainingRun | undefined {
  const { run, client, exclusive } = options;
  if (run !== undefined && run.status !== "RUNNING") throw new TidemarkError("RUN_ENDED", `run ${run.id} has ended`);
  const found = run ?? activeRun();
  const isTaken = found !== undefined && [...ledgerOf(found).occupants].some((other) => !trained.includes(other));
  const tags = { "tidemark.autolog": "tfjs", ...options.extraTags };
  const opened = openOrFind();
  return opened === undefined
    ? undefined
    : { ...opened, client: opened.isOwn ? boundClient(client) : async () => client ?? defaultClient() };

  function openOrFind(): AutologRun | undefined {
    if (isTaken) return autologRun({ client, tags, parent: found });
    if (!exclusive || run !== undefined) return autologRun({ run, client, tags });
    const own = startRunNow({ client, tags });
    return own === undefined ? undefined : { run: own, isOwn: true };
  }
}

/** The one that has opened the run, whatever is configured later. */
function boundClient(client: Client | undefined): () => Promise<Client> {
  if (client !== undefined) return async () => client;
  const promise = defaultClient();
  // Read by those who need it.
  promise.catch(() => {});
  return () => promise;
}
