import { TidemarkError } from "../base/errors.ts";
import { checkArgument } from "../schema/check.ts";
import { type Experiment, experimentIdSchema, experimentNameSchema } from "../schema/experiment.ts";
import { MAX_EXPERIMENT_TAG_VALUE_LENGTH } from "../schema/limits.ts";
import { allowedTexts, compareTexts } from "./compare-texts.ts";
import { ExperimentPair, ifThere } from "./experiment-pair.ts";
import { originTags, ownTags, SYNCED_FROM_STORE_TAG, SYNCED_FROM_TAG } from "./origin.ts";
import { attempt, beforeWrite, importerOf, type SyncContext } from "./sync-context.ts";

const TAGS = { kind: "tags", mostCharacters: MAX_EXPERIMENT_TAG_VALUE_LENGTH };

const LONGEST_COUNTED_ID = 12;

export const whereIsExperiment = ({ name }: Pick<Experiment, "name">): string => `experiment ${name}`;

/** Finds the experiment of the target that is one of the source, or makes it. */
export async function pairExperiment(context: SyncContext, source: Experiment): Promise<ExperimentPair> {
  checkArgument("experiment id", experimentIdSchema, source.id);
  checkArgument("experiment name", experimentNameSchema, source.name);
  const target = await findExperiment(context, source);
  if (target !== undefined) return await pairWith(context, source, target);
  const tags = allowedTexts(ownTags(source.tags), TAGS);
  tags.record(context.ledger, whereIsExperiment(source));
  if (!context.dryRun) await beforeWrite(context);
  context.ledger.addCopied({ experiments: 1, tags: tags.wanted.size });
  if (context.dryRun) return new ExperimentPair(context, source, undefined);
  const id = await createExperiment(context, source, Object.fromEntries(tags.wanted));
  const pair = new ExperimentPair(context, source, { id, isInTrash: false });
  await pair.open();
  return pair;
}

async function pairWith(context: SyncContext, source: Experiment, target: Experiment): Promise<ExperimentPair> {
  const { ledger, overwrite } = context;
  const { tracking } = context.to.backend;
  const where = whereIsExperiment(source);
  const isInTrash = target.lifecycleStage === "deleted";
  const pair = new ExperimentPair(context, source, { id: target.id, isInTrash });
  if (isInTrash && source.lifecycleStage === "active") {
    ledger.conflict(where, "lifecycleStage", "active", "deleted", overwrite);
    if (!overwrite) {
      const message = "its experiment is in the target's trash: restore it there, or overwrite";
      throw new TidemarkError("INVALID_STATE", message);
    }
    if (!context.dryRun) {
      await beforeWrite(context);
      await pair.makeWritable();
    }
  }
  ledger.addEqual({ experiments: 1 });
  const tags = compareTexts(ownTags(source.tags), target.tags, { ...TAGS, isAhead: false, overwrite });
  ledger.addEqual({ tags: tags.equalCount });
  tags.record(ledger, where);
  for (const [key, value] of tags.wanted) {
    await attempt(context, { where, what: `tags.${key}`, counts: { tags: 1 } }, async () => {
      await pair.makeWritable();
      await tracking.setExperimentTag(target.id, { key, value });
    });
  }
  if (source.name !== target.name) {
    ledger.conflict(where, "name", source.name, target.name, overwrite);
    if (overwrite) {
      await attempt(context, { where, what: "name", counts: { changes: 1 } }, () =>
        tracking.renameExperiment(target.id, source.name),
      );
    }
  }
  await pair.open();
  return pair;
}

/**
 * Which experiment of the target it is: the copy that says so; the one with its id that was made at the same moment, or has its name; else
 * the one with its name, which people take for the same.
 */
async function findExperiment(context: SyncContext, source: Experiment): Promise<Experiment | undefined> {
  const { tracking } = context.to.backend;
  const byId = importerOf(context) === undefined ? undefined : await ifThere(() => tracking.getExperiment(source.id));
  // Short ids are numbers that every such store gives, one after the other.
  const isSameMoment = source.id.length > LONGEST_COUNTED_ID && byId?.creationTime === source.creationTime;
  const isSame = byId?.name === source.name || isSameMoment;
  if (byId !== undefined && isSame) return byId;
  return (await findCopy(context, source)) ?? (await tracking.getExperimentByName(source.name));
}

async function findCopy(context: SyncContext, source: Experiment): Promise<Experiment | undefined> {
  if (importerOf(context) !== undefined) return undefined;
  const filter = `tags.\`${SYNCED_FROM_TAG}\` = '${source.id}'`;
  const { items } = await context.to.backend.tracking.searchExperiments({ filter, viewType: "all", maxResults: 100 });
  // Ids of experiments are unique in their store only.
  return items.find(({ tags }) => tags[SYNCED_FROM_STORE_TAG] === context.from.uri);
}

async function createExperiment(
  context: SyncContext,
  source: Experiment,
  tags: Readonly<Record<string, string>>,
): Promise<string> {
  const { tracking } = context.to.backend;
  const importer = importerOf(context);
  const { id, name, creationTime, lastUpdateTime } = source;
  try {
    if (importer === undefined) {
      return await tracking.createExperiment({ name, tags: { ...tags, ...originTags(id, context.from.uri) } });
    }
    const times = {
      ...(creationTime === undefined ? {} : { creationTime }),
      ...(lastUpdateTime === undefined ? {} : { lastUpdateTime }),
    };
    const isFree = (await ifThere(() => tracking.getExperiment(id))) === undefined;
    if (isFree) return await importer.importExperiment({ id, name, tags, ...times });
    // The id is that of something else there, as where stores count from 1: the target gives another one.
    return await tracking.createExperiment({ name, tags });
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
    // Another sync was faster.
    const winner = await tracking.getExperimentByName(name);
    if (winner !== undefined) return winner.id;
    // Or the target does not take the id.
    if (importer === undefined) throw error;
    return await tracking.createExperiment({ name, tags });
  }
}
