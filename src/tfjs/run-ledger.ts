import { processSlot } from "../base/process-state.ts";
import type { Run } from "../tracking/run.ts";

/** What one run has been used for, so that trainings in it follow each other and never mix. */
export interface RunLedger {
  /** Models and optimizers that are trained into the run now. */
  readonly occupants: Set<object>;
  /** Models that were trained into it. */
  readonly models: object[];
  /** The next batch is this one, counted from 0. */
  nextBatch: number;
  /** The first step of an epoch that is not taken. */
  nextEpochStep: number;
  nextEvaluation: number;
}

const ledgers = () => processSlot("tfjs-run-ledgers", () => new WeakMap<Run, RunLedger>());

export function ledgerOf(run: Run): RunLedger {
  const known = ledgers().get(run);
  if (known !== undefined) return known;
  const ledger: RunLedger = {
    occupants: new Set(),
    models: [],
    nextBatch: 0,
    nextEpochStep: 0,
    nextEvaluation: 0,
  };
  ledgers().set(run, ledger);
  return ledger;
}

/** Which model of a run this is, counted from 1. */
export function positionIn({ models }: RunLedger, model: object): number {
  if (!models.includes(model)) models.push(model);
  return models.indexOf(model) + 1;
}
