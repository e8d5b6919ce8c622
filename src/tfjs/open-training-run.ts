import { TidemarkError } from "../base/errors.ts";
import { type AutologRun, autologRun } from "../fluent/autolog-run.ts";
import { activeRun } from "../tracking/active-run.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { ledgerOf } from "./run-ledger.ts";

/**
 * Finds or opens the run for a training, without waiting. A run takes one training at a time: while another goes on in it, this one gets a
 * child of it.
 *
 * @param trained - The model or optimizer, and what belongs to it.
 * @returns `undefined` where the backend has to be waited for and nobody has done so yet
 * @throws {TidemarkError} what opening throws; `RUN_ENDED` where the run that was asked for has ended
 */
export function openTrainingRun(
  { run, client, exclusive, extraTags }: CheckedAutologOptions,
  trained: readonly (object | undefined)[],
): AutologRun | undefined {
  if (run !== undefined && run.status !== "RUNNING") throw new TidemarkError("RUN_ENDED", `run ${run.id} has ended`);
  const tags = { "tidemark.autolog": "tfjs", ...extraTags };
  const found = run ?? activeRun();
  const isTaken = found !== undefined && [...ledgerOf(found).occupants].some((other) => !trained.includes(other));
  if (isTaken) return autologRun({ tags, parent: found });
  return autologRun({ run, client, tags, exclusive });
}
