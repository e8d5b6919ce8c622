import { TidemarkError } from "../base/errors.ts";
import type { Batch } from "../contract/batch.ts";
import { NO_METRICS } from "../contract/metric-columns.ts";
import { countEntries } from "../queue/count-entries.ts";
import { type DatasetInput, datasetInputSchema } from "../schema/dataset.ts";
import { RUN_NAME_TAG } from "../schema/known-tags.ts";
import { MAX_PARAM_VALUE_LENGTH, MAX_TAG_VALUE_LENGTH } from "../schema/limits.ts";
import { hasEnded, type RunEntity, type UpdateRun } from "../schema/run.ts";
import { compareTexts, pairsOf } from "./compare-texts.ts";
import { compareValues, recordComparison } from "./copy-values.ts";
import type { Ledger } from "./ledger.ts";
import { ownTags } from "./origin.ts";
import type { SyncCounts } from "./report.ts";
import { whereIsRun } from "./sound-source.ts";
import type { SyncContext } from "./sync-context.ts";

export const PARAMS = { kind: "params", mostCharacters: MAX_PARAM_VALUE_LENGTH };
export const TAGS = { kind: "tags", mostCharacters: MAX_TAG_VALUE_LENGTH };

/** What the target has otherwise than the source, its links and files apart. */
export interface RunDifference {
  readonly batch: Batch;
  readonly update: Omit<UpdateRun, "runId"> | undefined;
  /** Of the batch and the update; of the values too, where they were looked at. */
  readonly counts: Partial<SyncCounts>;
  readonly isAny: boolean;
  readonly recordEqual: (ledger: Ledger) => void;
  /** What is in conflict, what may not be written, and what was found of the values. */
  readonly record: (ledger: Ledger) => void;
}

/** @param looksAtValues - False where the values are compared as they are written. */
export async function findDifference(
  context: SyncContext,
  source: RunEntity,
  target: RunEntity,
  { looksAtValues } = { looksAtValues: true },
): Promise<RunDifference> {
  const where = whereIsRun(source.id);
  const isAhead = isSourceAhead(source, target);
  const rules = { isAhead, overwrite: context.overwrite };
  // A param is written once and for all.
  const params = compareTexts(source.params, target.params, { ...PARAMS, isAhead: false, overwrite: false });
  const tags = compareTexts(withoutName(source), target.tags, { ...TAGS, ...rules });
  const inputs = compareInputs(source, target);
  const head = compareHeads(source, target, rules);
  const batch = {
    series: [],
    metrics: NO_METRICS,
    params: pairsOf(params.wanted),
    tags: pairsOf(tags.wanted),
    inputs: inputs.wanted,
  };
  let values = 0;
  const notes: (() => void)[] = [];
  for await (const compared of looksAtValues ? compareValues(context, source, target) : []) {
    values += compared.missing.values.length;
    notes.push(() => recordComparison(context, where, compared));
    if (values > 0 && !context.dryRun) break;
  }
  const isDeletedThere = target.lifecycleStage === "deleted" && source.lifecycleStage === "active";
  const changes = Object.keys(head.update ?? {}).length;
  return {
    batch,
    update: head.update,
    counts: {
      params: batch.params.length,
      tags: batch.tags.length,
      datasets: batch.inputs.length,
      values,
      changes,
    },
    isAny: countEntries(batch) > 0 || changes > 0 || values > 0 || (isDeletedThere && context.overwrite),
    recordEqual: (ledger) =>
      ledger.addEqual({ runs: 1, params: params.equalCount, tags: tags.equalCount, datasets: inputs.equalCount }),
    record: (ledger) => {
      for (const part of [params, tags, inputs, head]) part.record(ledger, where);
      for (const note of notes) note();
      if (isDeletedThere) ledger.conflict(where, "lifecycleStage", "active", "deleted", context.overwrite);
    },
  };
}

/** The name stands in the head too. */
const withoutName = ({ name, tags }: RunEntity) =>
  Object.fromEntries(Object.entries(ownTags(tags)).filter(([key, value]) => key !== RUN_NAME_TAG || value !== name));

const isOpen = ({ status }: RunEntity): boolean => !hasEnded(status);

/**
 * Whether what differs is what the source has got since, or what an interrupted sync has left: a run that is open in one of both, or
 * ended later in the source. What two ended runs differ in somebody has changed.
 */
const isSourceAhead = (source: RunEntity, target: RunEntity): boolean =>
  isOpen(source) || isOpen(target) || (source.endTime ?? 0) > (target.endTime ?? 0);

function compareHeads(
  source: RunEntity,
  target: RunEntity,
  { isAhead, overwrite }: { readonly isAhead: boolean; readonly overwrite: boolean },
) {
  const fields = ["name", "status", "endTime"] as const;
  const fixed = ["startTime", "userId"] as const;
  const differing = fields.filter((field) => source[field] !== undefined && source[field] !== target[field]);
  const isWritten = isAhead || overwrite;
  const isNameless = source.name === "";
  const written = (isWritten ? differing : []).filter((field) => !(field === "name" && isNameless));
  const update = Object.fromEntries(written.map((field) => [field, source[field]]));
  return {
    update: written.length === 0 ? undefined : (update as Omit<UpdateRun, "runId">),
    record: (ledger: Ledger, where: string) => {
      for (const field of isAhead ? [] : differing)
        ledger.conflict(where, field, source[field], target[field], overwrite);
      for (const field of fixed) {
        if (source[field] !== target[field]) ledger.conflict(where, field, source[field], target[field]);
      }
    },
  };
}

/** Datasets by name and digest: a run uses each once. */
export function compareInputs(source: Pick<RunEntity, "inputs">, target: Pick<RunEntity, "inputs">) {
  const nameOf = ({ dataset }: DatasetInput) => JSON.stringify([dataset.name, dataset.digest]);
  const there = new Map(target.inputs.map((input) => [nameOf(input), input]));
  const missing = source.inputs.filter((input) => !there.has(nameOf(input)));
  const wanted = allowedInputs(missing);
  const differing = source.inputs.filter((input) => {
    const other = there.get(nameOf(input));
    return other !== undefined && inputText(input) !== inputText(other);
  });
  return {
    wanted,
    equalCount: source.inputs.length - missing.length - differing.length,
    record: (ledger: Ledger, where: string) => {
      for (const input of differing) {
        const other = there.get(nameOf(input)) as DatasetInput;
        ledger.conflict(where, `dataset ${input.dataset.name}`, inputText(input), inputText(other));
      }
      for (const input of missing) {
        if (wanted.includes(input)) continue;
        const error = new TidemarkError("INVALID_PARAMETER_VALUE", "is no dataset by MLflow's rules");
        ledger.failure(where, `dataset ${input.dataset.name}`, error);
      }
    },
  };
}

const allowedInputs = (inputs: readonly DatasetInput[]): DatasetInput[] =>
  inputs.filter((input) => datasetInputSchema.safeParse(input).success);

/** Absent and empty are one to MLflow's database. */
function inputText({ dataset, tags }: DatasetInput): string {
  const { sourceType, source, schema = "", profile = "" } = dataset;
  const pairs = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sourceType, source, schema, profile, pairs]);
}
