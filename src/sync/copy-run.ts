import { TidemarkError } from "../base/errors.ts";
import type { Batch } from "../contract/batch.ts";
import type { ImportedRun, Importer } from "../contract/importer.ts";
import { checkArgument } from "../schema/check.ts";
import { type DatasetInput, datasetInputSchema } from "../schema/dataset.ts";
import { MAX_PARAM_VALUE_LENGTH, MAX_TAG_VALUE_LENGTH } from "../schema/limits.ts";
import { type RunEntity, runIdSchema, type UpdateRun } from "../schema/run.ts";
import { allowedTexts, compareTexts, pairsOf, type TextDifference } from "./compare-texts.ts";
import { compareValues, copyValues, recordComparison } from "./copy-values.ts";
import type { Refusal } from "./deliver.ts";
import { deliver, sizeOf } from "./deliver.ts";
import type { ExperimentPair } from "./experiment-pair.ts";
import { isOfThePlace, type Ledger } from "./ledger.ts";
import { originOf, originTags, ownTags } from "./origin.ts";
import type { SyncCounts } from "./report.ts";
import { importerOf, type SyncContext } from "./sync-context.ts";

const RUN_NAME_TAG = "mlflow.runName";

/** A run in both stores, as far as it is copied. */
export interface CopiedRun {
  readonly source: RunEntity;
  /** Undefined where a dry run would make it. */
  readonly target: Pick<RunEntity, "id" | "artifactUri" | "lifecycleStage"> | undefined;
}

export const whereIsRun = (runId: string): string => `run ${runId}`;

/**
 * Brings a run with its params, tags, datasets, values, state and times to the target, or what the target lacks of it. Links to logged
 * models, files and deletion come later.
 */
export async function copyRun(context: SyncContext, pair: ExperimentPair, runId: string): Promise<CopiedRun> {
  const source = await context.from.backend.tracking.getRun(runId);
  checkArgument("run id", runIdSchema, source.id);
  const origin = originOf(source);
  const target = await pair.findRun(origin);
  context.runIds.set(source.id, target?.id ?? origin);
  if (context.dryRun && target === undefined) return await wouldCreate(context, source);
  const difference = target === undefined ? undefined : await findDifference(context, source, target);
  if (difference !== undefined && target !== undefined && (context.dryRun || !difference.isAny)) {
    difference.recordEqual(context.ledger);
    difference.record(context.ledger);
    if (context.dryRun) context.ledger.addCopied(difference.counts);
    return { source, target };
  }
  const copied = await exclusively(context, pair, origin, () => copyAlone(context, pair, { source, origin }));
  context.runIds.set(source.id, copied.id);
  return { source, target: copied };
}

/** While no other sync writes to the run, if the target can see to that. */
async function exclusively<T>(
  context: SyncContext,
  pair: ExperimentPair,
  origin: string,
  work: () => Promise<T>,
): Promise<T> {
  const importer = importerOf(context);
  if (importer === undefined || pair.targetId === undefined) return await work();
  return await importer.exclusively({ id: origin, experimentId: pair.targetId }, work);
}

interface Wanted {
  readonly source: RunEntity;
  readonly origin: string;
}

async function copyAlone(context: SyncContext, pair: ExperimentPair, wanted: Wanted): Promise<RunEntity> {
  const { source, origin } = wanted;
  const { tracking } = context.to.backend;
  await pair.makeWritable();
  const found = await pair.findRunAgain(origin);
  const isNew = found === undefined;
  const target = found ?? (await createRun(context, pair, wanted));
  if (found?.lifecycleStage === "deleted") {
    if (source.lifecycleStage === "active" && !context.overwrite) {
      context.ledger.conflict(whereIsRun(source.id), "lifecycleStage", "active", "deleted");
      return target;
    }
    await tracking.restoreRun(target.id);
  }
  const difference = await findDifference(context, source, target, { looksAtValues: false });
  if (!isNew) difference.recordEqual(context.ledger);
  difference.record(context.ledger);
  const sink = await tracking.openSink(target.id);
  const refusals: Refusal[] = [];
  try {
    refusals.push(...(await deliver(sink, difference.batch, context.signal)));
    const counts = withoutRefused(difference.counts, refusals);
    context.ledger.addCopied(isNew ? { ...counts, changes: 0 } : counts);
    refusals.push(...(await copyValues(context, sink, whereIsRun(source.id), { source, target })));
  } finally {
    await sink.close();
  }
  recordRefusals(context.ledger, source.id, refusals);
  const { update } = difference;
  if (update !== undefined) await tracking.updateRun({ runId: target.id, ...update });
  return { ...target, lifecycleStage: "active" };
}

/** A run that the target does not have: all that describes it, still open. */
async function createRun(context: SyncContext, pair: ExperimentPair, { source, origin }: Wanted): Promise<RunEntity> {
  const experimentId = pair.targetId as string;
  const importer = importerOf(context);
  const { tracking } = context.to.backend;
  const blank = blankRun(source, { id: origin, experimentId });
  const { name, startTime, userId } = source;
  const tags = tagsOf(source);
  if (importer === undefined) {
    const copyTags = { ...Object.fromEntries(tags.wanted), ...originTags(origin, context.from.uri) };
    const created = await tracking.createRun({
      experimentId,
      ...(name === "" ? {} : { name }),
      startTime,
      userId,
      tags: copyTags,
    });
    pair.noteRun(origin, created.id);
    context.ledger.addCopied({ runs: 1, tags: tags.wanted.size });
    return created;
  }
  const params = allowedTexts(source.params, PARAMS).wanted;
  const inputs = allowedInputs(source.inputs);
  const texts = { params: Object.fromEntries(params), tags: Object.fromEntries(tags.wanted) };
  // It ends when its values are there. Where there are none, it is written once.
  const isWhole = source.latestMetrics.length === 0;
  const end = isWhole ? { status: source.status, ...endOf(source) } : {};
  const whole = { ...blank, ...texts, inputs, ...linksOf(context, source), ...end };
  const { run, artifactUri } = await importWhole(importer, whole, blank);
  context.ledger.addCopied({
    runs: 1,
    params: Object.keys(run.params).length,
    tags: Object.keys(run.tags).length,
    datasets: run.inputs.length,
    modelLinks: run.modelInputs.length + run.modelOutputs.length,
  });
  return { ...run, artifactUri, lifecycleStage: "active", metrics: {}, latestMetrics: [] };
}

/** Something of a run may be nothing that the store can hold. Then it is made without all that, and what follows says which it is. */
async function importWhole(importer: Importer, whole: ImportedRun, blank: ImportedRun) {
  try {
    return { run: whole, artifactUri: await importer.importRun(whole) };
  } catch (error) {
    const isTaken = error instanceof TidemarkError && error.code === "RESOURCE_ALREADY_EXISTS";
    if (isTaken || isOfThePlace(error)) throw error;
    return { run: blank, artifactUri: await importer.importRun(blank) };
  }
}

const PARAMS = { kind: "params", mostCharacters: MAX_PARAM_VALUE_LENGTH };
const TAGS = { kind: "tags", mostCharacters: MAX_TAG_VALUE_LENGTH };

const tagsOf = (source: RunEntity): TextDifference => allowedTexts(ownTags(source.tags), TAGS);

const endOf = ({ endTime }: RunEntity) => (endTime === undefined ? {} : { endTime });

function blankRun({ name, startTime, userId }: RunEntity, place: Pick<RunEntity, "id" | "experimentId">) {
  const nothing = { params: {}, tags: {}, inputs: [], modelInputs: [], modelOutputs: [] };
  return { ...place, name, startTime, userId, status: "RUNNING" as const, ...nothing };
}

/** Links by the ids that logged models have, or will have, in the target. */
export function linksOf({ modelIds }: SyncContext, { modelInputs, modelOutputs }: RunEntity) {
  const at = (modelId: string) => modelIds.get(modelId) ?? modelId;
  return {
    modelInputs: modelInputs.map(({ modelId }) => ({ modelId: at(modelId) })),
    modelOutputs: modelOutputs.map(({ modelId, step }) => ({ modelId: at(modelId), step })),
  };
}

/** What the target has otherwise than the source, its links and files apart. */
interface RunDifference {
  readonly batch: Batch;
  readonly update: Omit<UpdateRun, "runId"> | undefined;
  /** Of the batch and the update; of the values too, where they were looked at. */
  readonly counts: Partial<SyncCounts>;
  readonly isAny: boolean;
  readonly recordEqual: (ledger: Ledger) => void;
  /** What is in conflict, what may not be written, and what was found of the values. */
  readonly record: (ledger: Ledger) => void;
}

async function findDifference(
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
    metrics: NO_VALUES,
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
    isAny: sizeOf(batch) > 0 || changes > 0 || values > 0 || (isDeletedThere && context.overwrite),
    recordEqual: (ledger) =>
      ledger.addEqual({ runs: 1, params: params.equalCount, tags: tags.equalCount, datasets: inputs.equalCount }),
    record: (ledger) => {
      for (const part of [params, tags, inputs, head]) part.record(ledger, where);
      for (const note of notes) note();
      if (isDeletedThere) ledger.conflict(where, "lifecycleStage", "active", "deleted", context.overwrite);
    },
  };
}

const NO_VALUES = {
  length: 0,
  seriesIds: new Uint32Array(),
  values: new Float64Array(),
  timestamps: new Float64Array(),
  steps: new Float64Array(),
};

/** The name stands in the head too. */
const withoutName = ({ name, tags }: RunEntity) =>
  Object.fromEntries(Object.entries(ownTags(tags)).filter(([key, value]) => key !== RUN_NAME_TAG || value !== name));

const isOpen = ({ status }: RunEntity): boolean => status === "RUNNING" || status === "SCHEDULED";

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

function compareInputs(source: RunEntity, target: RunEntity) {
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

function withoutRefused(counts: Partial<SyncCounts>, refusals: readonly Refusal[]): Partial<SyncCounts> {
  const refused = (kind: "params" | "tags" | "inputs") =>
    refusals.reduce((sum, { batch }) => sum + batch[kind].length, 0);
  const { params = 0, tags = 0, datasets = 0, changes = 0 } = counts;
  return {
    params: params - refused("params"),
    tags: tags - refused("tags"),
    datasets: datasets - refused("inputs"),
    changes,
  };
}

function recordRefusals(ledger: Ledger, runId: string, refusals: readonly Refusal[]): void {
  const where = whereIsRun(runId);
  for (const { batch, error } of refusals) {
    for (const { key } of batch.params) ledger.failure(where, `params.${key}`, error);
    for (const { key } of batch.tags) ledger.failure(where, `tags.${key}`, error);
    for (const { dataset } of batch.inputs) ledger.failure(where, `dataset ${dataset.name}`, error);
    const keys = new Set(
      Array.from(batch.metrics.seriesIds.subarray(0, batch.metrics.length), (id) => batch.series[id]?.key),
    );
    for (const key of keys) ledger.failure(where, `metrics.${key}`, error);
  }
}

/** What a dry run says of a run that is not there. */
async function wouldCreate(context: SyncContext, source: RunEntity): Promise<CopiedRun> {
  const nowhere: RunEntity = {
    ...source,
    params: {},
    tags: {},
    inputs: [],
    metrics: {},
    latestMetrics: [],
    status: "RUNNING",
  };
  const { counts, record } = await findDifference(context, source, nowhere);
  record(context.ledger);
  context.ledger.addCopied({ ...counts, runs: 1, changes: 0 });
  return { source, target: undefined };
}
