import type { RunEntity } from "../schema/run.ts";
import { allowedTexts } from "./compare-texts.ts";
import { allValues, copyValues } from "./copy-values.ts";
import { deliver, type Refusal } from "./deliver.ts";
import type { ExperimentPair } from "./experiment-pair.ts";
import { isOfThePlace, type Ledger } from "./ledger.ts";
import { originOf, originTags, ownTags } from "./origin.ts";
import type { SyncCounts } from "./report.ts";
import { compareInputs, findDifference, PARAMS, TAGS } from "./run-difference.ts";
import { whereIsRun } from "./sound-source.ts";
import { beforeWrite, importerOf, type SyncContext } from "./sync-context.ts";

/** A run in both stores, as far as it is copied. */
export interface CopiedRun {
  readonly source: RunEntity;
  /** Undefined where a dry run would make it. */
  readonly target: Pick<RunEntity, "id" | "artifactUri" | "lifecycleStage"> | undefined;
}

/**
 * Brings a run with its params, tags, datasets, values, state and times to the target, or what the target lacks of it. Links to logged
 * models, files and deletion come later.
 */
export async function copyRun(context: SyncContext, pair: ExperimentPair, source: RunEntity): Promise<CopiedRun> {
  const origin = originOf(source);
  const target = await pair.findRun(origin);
  context.runIds.set(source.id, target?.id ?? origin);
  if (context.dryRun && target === undefined) return await wouldCreate(context, source);
  const imported = target === undefined ? await importWhole(context, pair, { source, origin }) : undefined;
  if (imported !== undefined) return { source, target: imported };
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
  if (importer?.exclusively === undefined || pair.targetId === undefined) return await work();
  return await importer.exclusively({ id: origin, experimentId: pair.targetId }, work);
}

interface Wanted {
  readonly source: RunEntity;
  readonly origin: string;
}

async function copyAlone(context: SyncContext, pair: ExperimentPair, wanted: Wanted): Promise<RunEntity> {
  const { source, origin } = wanted;
  const { tracking } = context.to.backend;
  await beforeWrite(context);
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
  await beforeWrite(context);
  if (update !== undefined) await tracking.updateRun({ runId: target.id, ...update });
  return { ...target, lifecycleStage: "active" };
}

/** A run that the target does not have, still open. */
async function createRun(context: SyncContext, pair: ExperimentPair, { source, origin }: Wanted): Promise<RunEntity> {
  const experimentId = pair.targetId as string;
  const importer = importerOf(context);
  const { tracking } = context.to.backend;
  if (importer !== undefined) {
    // What of it the store could not hold is found out one by one.
    await importer.importRun(blankRun(source, { id: origin, experimentId }));
    context.ledger.addCopied({ runs: 1 });
    return await tracking.getRun(origin);
  }
  const { name, startTime, userId } = source;
  const tags = allowedTexts(ownTags(source.tags), TAGS).wanted;
  await beforeWrite(context);
  const created = await tracking.createRun({
    experimentId,
    ...(name === "" ? {} : { name }),
    startTime,
    userId,
    tags: { ...Object.fromEntries(tags), ...originTags(origin, context.from.uri) },
  });
  pair.noteRun(origin, created.id);
  context.ledger.addCopied({ runs: 1, tags: tags.size });
  return created;
}

/** Makes a run with all that it has, at once. Answers `undefined` where that cannot be: it has to be brought there piece by piece. */
async function importWhole(
  context: SyncContext,
  pair: ExperimentPair,
  { source, origin }: Wanted,
): Promise<CopiedRun["target"]> {
  const importer = importerOf(context);
  if (importer === undefined) return undefined;
  const place = { id: origin, experimentId: pair.targetId as string };
  const [params, tags] = [allowedTexts(source.params, PARAMS), allowedTexts(ownTags(source.tags), TAGS)];
  const inputs = compareInputs(source, { inputs: [] });
  const links = linksOf(context, source);
  const run = {
    ...blankRun(source, place),
    status: source.status,
    ...(source.endTime === undefined ? {} : { endTime: source.endTime }),
    params: Object.fromEntries(params.wanted),
    tags: Object.fromEntries(tags.wanted),
    inputs: inputs.wanted,
    ...links,
  };
  const counts = { values: 0 };
  try {
    await pair.makeWritable();
    const artifactUri = await importer.importRun(run, allValues(context, source, counts));
    for (const part of [params, tags, inputs]) part.record(context.ledger, whereIsRun(source.id));
    context.ledger.addCopied({
      ...counts,
      runs: 1,
      params: params.wanted.size,
      tags: tags.wanted.size,
      datasets: inputs.wanted.length,
      modelLinks: links.modelInputs.length + links.modelOutputs.length,
    });
    return { id: origin, artifactUri, lifecycleStage: "active" };
  } catch (error) {
    if (isOfThePlace(error)) throw error;
    // Another sync was faster, or something of it is nothing that this store can hold.
    return undefined;
  }
}

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
  // Its name stands in a tag.
  const tags = allowedTexts(ownTags(source.tags), TAGS).wanted.size;
  context.ledger.addCopied({ ...counts, tags, runs: 1, changes: 0 });
  return { source, target: undefined };
}
