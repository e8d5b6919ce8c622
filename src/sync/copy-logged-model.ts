import { TidemarkError } from "../base/errors.ts";
import { isLaterPoint } from "../base/point-order.ts";
import type { LoggedModelStore, MeasuredMetric } from "../contract/logged-model-store.ts";
import { MAX_PARAM_VALUE_LENGTH, MAX_TAG_VALUE_LENGTH } from "../schema/limits.ts";
import type { LoggedModel, ModelMetric } from "../schema/model.ts";
import { allowedTexts, compareTexts } from "./compare-texts.ts";
import { allOf, type ExperimentPair, ifThere, unlessThere } from "./experiment-pair.ts";
import { isSameValue } from "./missing-points.ts";
import { originOf, originTags, ownTags, SYNCED_FROM_TAG } from "./origin.ts";
import { soundModel, whereIsModel } from "./sound-source.ts";
import { attempt, beforeWrite, importerOf, type SyncContext } from "./sync-context.ts";

const PARAMS = { kind: "params", mostCharacters: MAX_PARAM_VALUE_LENGTH };
const TAGS = { kind: "tags", mostCharacters: MAX_TAG_VALUE_LENGTH };

/** A logged model and where its files are in the target; `undefined` where a dry run would make it. */
export interface CopiedModel {
  readonly source: LoggedModel;
  readonly artifactLocation: string | undefined;
}

/** Logged models of an experiment: those of the source, and which of the target they are. */
export class LoggedModelPairs {
  readonly #context: SyncContext;
  readonly #pair: ExperimentPair;
  /** Of targets that give ids by themselves: by the id a model had where it was first. */
  readonly #copies = new Map<string, string>();
  #hasMadeCopies = false;

  constructor(context: SyncContext, pair: ExperimentPair) {
    this.#context = context;
    this.#pair = pair;
  }

  /** The source's, with the ids that they have in the target noted as far as these are known. */
  async open(): Promise<LoggedModel[]> {
    const { from, to, modelIds } = this.#context;
    const models = await modelsIn(from.backend.loggedModels, this.#pair.source.id);
    const { targetId } = this.#pair;
    if (models.length > 0 && importerOf(this.#context) === undefined && targetId !== undefined) {
      for (const model of await modelsIn(to.backend.loggedModels, targetId))
        this.#copies.set(originOf(model), model.id);
    }
    for (const model of models) modelIds.set(model.id, this.#copies.get(originOf(model)) ?? originOf(model));
    return models;
  }

  /** Brings a model with params, tags, state and what was measured on it to the target, or what the target lacks of it. */
  async copy(told: LoggedModel): Promise<CopiedModel> {
    const { to } = this.#context;
    const source = soundModel(this.#context, told);
    const store = to.backend.loggedModels;
    if (store === undefined) throw new TidemarkError("NOT_IMPLEMENTED", "the target keeps no logged models");
    const id = this.#context.modelIds.get(source.id) as string;
    const isKnown = importerOf(this.#context) !== undefined || this.#copies.has(originOf(source));
    const target = isKnown && this.#pair.targetId !== undefined ? await ifThere(() => store.get(id)) : undefined;
    if (target !== undefined) return await this.#update(store, source, target);
    const counts = {
      loggedModels: 1,
      params: Object.keys(source.params).length,
      tags: Object.keys(ownTags(source.tags)).length,
    };
    if (!this.#context.dryRun) await beforeWrite(this.#context);
    this.#context.ledger.addCopied({ ...counts, measurements: source.metrics.length });
    if (this.#context.dryRun) return { source, artifactLocation: undefined };
    return { source, artifactLocation: await this.#create(store, source) };
  }

  /**
   * Two syncs at once may both have made a model, where the target gives the ids. The first one stays, before anything is linked to another
   * one. Answers where the files of those that stay are.
   */
  async settleTwins(copied: readonly CopiedModel[]): Promise<readonly CopiedModel[]> {
    const { to, modelIds } = this.#context;
    const store = to.backend.loggedModels;
    const { targetId } = this.#pair;
    if (!this.#hasMadeCopies || store === undefined || targetId === undefined) return copied;
    const first = new Map<string, LoggedModel>();
    const there = (await modelsIn(store, targetId)).filter(({ tags }) => Object.hasOwn(tags, SYNCED_FROM_TAG));
    there.sort((a, b) => a.creationTime - b.creationTime || (a.id < b.id ? -1 : 1));
    for (const model of there) {
      if (first.has(originOf(model))) {
        await beforeWrite(this.#context);
        await ifThere(() => store.delete(model.id));
      } else {
        first.set(originOf(model), model);
      }
    }
    return copied.map((model) => {
      const winner = first.get(originOf(model.source));
      if (winner === undefined) return model;
      modelIds.set(model.source.id, winner.id);
      return { ...model, artifactLocation: winner.artifactLocation };
    });
  }

  async #create(store: LoggedModelStore, source: LoggedModel): Promise<string> {
    const where = whereIsModel(source.id);
    const params = allowedTexts(source.params, PARAMS);
    const tags = allowedTexts(ownTags(source.tags), TAGS);
    for (const part of [params, tags]) part.record(this.#context.ledger, where);
    const texts = { params: Object.fromEntries(params.wanted), tags: Object.fromEntries(tags.wanted) };
    const { runIds, from } = this.#context;
    const experimentId = this.#pair.targetId as string;
    const sourceRunId = source.sourceRunId === undefined ? undefined : runIds.get(source.sourceRunId);
    const importer = importerOf(this.#context);
    await this.#pair.makeWritable();
    if (importer !== undefined) {
      const run = source.sourceRunId === undefined ? {} : { sourceRunId: sourceRunId ?? source.sourceRunId };
      const metrics = source.metrics.map((metric) => ({ ...metric, ...this.#runOf(metric) }));
      const { artifactLocation: _there, ...rest } = source;
      const id = originOf(source);
      await unlessThere(() => importer.importLoggedModel({ ...rest, ...texts, ...run, id, experimentId, metrics }));
      return (await store.get(id)).artifactLocation;
    }
    const { name, modelType } = source;
    const created = await store.create({
      experimentId,
      name,
      ...(sourceRunId === undefined ? {} : { sourceRunId }),
      ...(modelType === undefined ? {} : { modelType }),
      params: texts.params,
      tags: { ...texts.tags, ...originTags(originOf(source), from.uri) },
    });
    this.#context.modelIds.set(source.id, created.id);
    this.#hasMadeCopies = true;
    await this.#measure(store, created.id, source, source.metrics);
    if (source.status !== "PENDING") await store.finalize(created.id, source.status);
    return created.artifactLocation;
  }

  async #update(store: LoggedModelStore, source: LoggedModel, target: LoggedModel): Promise<CopiedModel> {
    const { ledger, overwrite } = this.#context;
    const where = whereIsModel(source.id);
    const isAhead = source.status === "PENDING" || target.status === "PENDING";
    const params = compareTexts(source.params, target.params, { ...PARAMS, isAhead, overwrite });
    const tags = compareTexts(ownTags(source.tags), target.tags, { ...TAGS, isAhead, overwrite });
    for (const part of [params, tags]) part.record(ledger, where);
    const { missing, equalCount } = compareMeasurements(
      source.metrics,
      target.metrics,
      (metric) => this.#runOf(metric).runId,
    );
    ledger.addEqual({ loggedModels: 1, params: params.equalCount, tags: tags.equalCount, measurements: equalCount });
    const write = async (what: string, counts: Record<string, number>, work: () => Promise<unknown>) => {
      if (Object.values(counts).every((count) => count === 0)) return;
      await attempt(this.#context, { where, what, counts }, async () => {
        await this.#pair.makeWritable();
        await work();
      });
    };
    const textsOf = (wanted: ReadonlyMap<string, string>) => Object.fromEntries(wanted);
    await write("params", { params: params.wanted.size }, () => store.logParams(target.id, textsOf(params.wanted)));
    await write("tags", { tags: tags.wanted.size }, () => store.setTags(target.id, textsOf(tags.wanted)));
    await write("metrics", { measurements: missing.length }, () => this.#measure(store, target.id, source, missing));
    if (source.status !== target.status && source.status !== "PENDING") {
      const { status } = source;
      const isConflict = target.status !== "PENDING";
      if (isConflict) ledger.conflict(where, "status", status, target.status, overwrite);
      if (!isConflict || overwrite) await write("status", { changes: 1 }, () => store.finalize(target.id, status));
    }
    return { source, artifactLocation: target.artifactLocation };
  }

  /** The run of the target that measured a value. */
  #runOf({ runId }: ModelMetric): { readonly runId?: string } {
    return runId === undefined ? {} : { runId: this.#context.runIds.get(runId) ?? runId };
  }

  async #measure(
    store: LoggedModelStore,
    id: string,
    source: LoggedModel,
    metrics: readonly ModelMetric[],
  ): Promise<void> {
    const byRun = new Map<string, MeasuredMetric[]>();
    for (const { runId = source.sourceRunId, ...metric } of metrics) {
      const there = runId === undefined ? undefined : this.#context.runIds.get(runId);
      if (there === undefined) {
        const reason = "the target has not got the run that measured it";
        this.#context.ledger.loss(whereIsModel(source.id), `metrics.${metric.key}`, reason);
        continue;
      }
      byRun.set(there, [...(byRun.get(there) ?? []), metric]);
    }
    for (const [runId, measured] of byRun) await store.addMetrics(id, runId, measured);
  }
}

/** What is missing, or was measured later in the source. */
function compareMeasurements(
  source: readonly ModelMetric[],
  target: readonly ModelMetric[],
  runOf: (metric: ModelMetric) => string | undefined,
) {
  const nameOf = ({ key, datasetName, datasetDigest }: ModelMetric) =>
    JSON.stringify([key, datasetName, datasetDigest]);
  const there = new Map(target.map((metric) => [nameOf(metric), metric]));
  const isEqual = (metric: ModelMetric) => {
    const other = there.get(nameOf(metric));
    const isSamePoint = other?.step === metric.step && other.timestamp === metric.timestamp;
    return isSamePoint && isSameValue(other.value, metric.value) && (other.runId ?? "") === (runOf(metric) ?? "");
  };
  const missing = source.filter((metric) => {
    const other = there.get(nameOf(metric));
    return other === undefined || (isLaterPoint(metric, other) && !isEqual(metric));
  });
  return { missing, equalCount: source.filter(isEqual).length };
}

async function modelsIn(store: LoggedModelStore | undefined, experimentId: string): Promise<LoggedModel[]> {
  const models: LoggedModel[] = [];
  if (store === undefined) return models;
  for await (const model of allOf((paging) => store.search({ experimentIds: [experimentId], ...paging }))) {
    models.push(model);
  }
  return models;
}
