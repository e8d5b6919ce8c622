import { TidemarkError } from "../base/errors.ts";
import { DEFAULT_EXPERIMENT_ID } from "../base/experiment-ids.ts";
import type { Experiment } from "../schema/experiment.ts";
import type { LoggedModel } from "../schema/model.ts";
import type { ModelVersion } from "../schema/model-version.ts";
import { hasEnded, type RunEntity } from "../schema/run.ts";
import { pairExperiment, whereIsExperiment } from "./copy-experiment.ts";
import { copyFiles, type FilePlaces } from "./copy-files.ts";
import { type CopiedModel, LoggedModelPairs } from "./copy-logged-model.ts";
import { copyRegistry } from "./copy-registry.ts";
import { type CopiedRun, copyRun, linksOf } from "./copy-run.ts";
import { allOf, type ExperimentPair } from "./experiment-pair.ts";
import { inParallel } from "./in-parallel.ts";
import { originOf, SYNCED_FROM_TAG } from "./origin.ts";
import { soundRun, whereIsModel, whereIsRun } from "./sound-source.ts";
import { attempt, importerOf, type SyncContext } from "./sync-context.ts";
import type { SyncProgress } from "./sync-options.ts";

/** What of the source is copied. */
export interface Selection {
  /** Names or ids. */
  readonly experiments: readonly string[] | undefined;
  readonly filter: string | undefined;
  readonly models: boolean;
  /** False for runs that are known to be as they were when they were copied. */
  readonly isWanted: (run: RunEntity) => boolean;
  /** Called when a run is at the target as it was when it was asked for. */
  readonly onCopied: (runId: string) => void;
}

/** One look at all of the source: what the target lacks of it is copied. */
export class SyncPass {
  readonly #context: SyncContext;
  readonly #selection: Selection;
  readonly #onProgress: (progress: SyncProgress) => void;
  /** Logged models that are copied. */
  readonly #models = new Set<string>();
  #runs = 0;
  #totalRuns = 0;

  constructor(context: SyncContext, selection: Selection, onProgress: (progress: SyncProgress) => void) {
    this.#context = context;
    this.#selection = selection;
    this.#onProgress = onProgress;
  }

  async run(): Promise<void> {
    for (const experiment of await this.#experiments()) await this.#copyExperiment(experiment);
    if (this.#selection.models) await copyRegistry(this.#context, this.#wantedVersions());
  }

  /** The default one first: a target makes it before others where it is not there. */
  async #experiments(): Promise<Experiment[]> {
    const wanted = this.#selection.experiments;
    const { tracking } = this.#context.from.backend;
    const found: Experiment[] = [];
    for await (const experiment of allOf((paging) => tracking.searchExperiments({ viewType: "all", ...paging }))) {
      const { id, name } = experiment;
      if (wanted === undefined || wanted.includes(id) || wanted.includes(name)) found.push(experiment);
    }
    const missing = wanted?.find((text) => !found.some(({ id, name }) => text === id || text === name));
    if (missing !== undefined) {
      const message = `the source has no experiment ${JSON.stringify(missing)}`;
      throw new TidemarkError("RESOURCE_DOES_NOT_EXIST", message, { details: { argument: "experiments" } });
    }
    return found.sort((a, b) => Number(b.id === DEFAULT_EXPERIMENT_ID) - Number(a.id === DEFAULT_EXPERIMENT_ID));
  }

  /** One that goes to the trash at the end must not go there while another sync writes to it. */
  async #copyExperiment(experiment: Experiment): Promise<void> {
    const importer = importerOf(this.#context);
    const copy = () => this.#copyExperimentAlone(experiment);
    const goesToTrash = experiment.lifecycleStage === "deleted" && !this.#context.dryRun;
    if (goesToTrash && importer?.exclusivelyIn !== undefined) await importer.exclusivelyIn(experiment.id, copy);
    else await copy();
  }

  async #copyExperimentAlone(experiment: Experiment): Promise<void> {
    let pair: ExperimentPair;
    try {
      pair = await pairExperiment(this.#context, experiment);
    } catch (error) {
      this.#context.ledger.failure(whereIsExperiment(experiment), "experiment", error);
      return;
    }
    const models = new LoggedModelPairs(this.#context, pair);
    const ofSource = await models.open();
    const runs = await this.#withoutTwins(pair, await this.#copyRuns(pair));
    const copiedModels = await this.#copyModels(models, this.#wantedModels(ofSource, runs));
    for (const run of runs) await this.#copyLinks(pair, run);
    if (this.#context.artifacts) await this.#copyFiles(runs, copiedModels);
    await this.#deleteDeleted(pair, runs);
    for (const { source } of runs) this.#selection.onCopied(source.id);
  }

  async #copyRuns(pair: ExperimentPair): Promise<CopiedRun[]> {
    const { tracking } = this.#context.from.backend;
    const { filter } = this.#selection;
    const query = { experimentIds: [pair.source.id], viewType: "all" as const };
    const wanted = filter === undefined ? query : { ...query, filter };
    const listed = allOf((paging) => tracking.searchRuns({ ...wanted, ...paging }));
    const copied: CopiedRun[] = [];
    await inParallel(this.#wanted(listed), this.#context, async (run) => {
      try {
        copied.push(withoutTexts(await this.#copyRun(pair, soundRun(this.#context, await this.#asItIs(run)))));
      } catch (error) {
        this.#context.ledger.failure(whereIsRun(run.id), "run", error);
      }
      this.#runs++;
      this.#onProgress({ runs: this.#runs, totalRuns: this.#totalRuns, copied: this.#context.ledger.copied });
    });
    return copied;
  }

  /** Before anything refers to a run that another sync has made too. */
  async #withoutTwins(pair: ExperimentPair, runs: readonly CopiedRun[]): Promise<readonly CopiedRun[]> {
    await pair.deleteTwins();
    const { runIds, to } = this.#context;
    return await Promise.all(
      runs.map(async (run) => {
        const id = run.target === undefined ? undefined : pair.idThatStays(originOf(run.source), run.target.id);
        if (id === undefined || id === run.target?.id) return run;
        runIds.set(run.source.id, id);
        return { source: run.source, target: await to.backend.tracking.getRun(id) };
      }),
    );
  }

  async #copyRun(pair: ExperimentPair, run: RunEntity): Promise<CopiedRun> {
    try {
      return await copyRun(this.#context, pair, run);
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== "INVALID_STATE") throw error;
      // Another sync was done with it, and has put it into the trash, where the source's is.
      await pair.lookAgain();
      return await copyRun(this.#context, pair, run);
    }
  }

  async *#wanted(listed: AsyncIterable<RunEntity>): AsyncGenerator<RunEntity> {
    for await (const run of listed) {
      if (!this.#selection.isWanted(run)) continue;
      this.#totalRuns++;
      yield run;
    }
  }

  /** A run that goes on has got more since it was listed; a server's list leaves out links. */
  async #asItIs(run: RunEntity): Promise<RunEntity> {
    const { backend } = this.#context.from;
    return hasEnded(run.status) && backend.importer !== undefined ? run : await backend.tracking.getRun(run.id);
  }

  /** Where runs are chosen, their models are. */
  #wantedModels(models: readonly LoggedModel[], runs: readonly CopiedRun[]): readonly LoggedModel[] {
    if (this.#selection.filter === undefined) return models;
    const chosen = new Set(runs.map(({ source }) => source.id));
    const linked = new Set(
      runs.flatMap(({ source }) => [...source.modelInputs, ...source.modelOutputs].map(({ modelId }) => modelId)),
    );
    return models.filter(
      ({ id, sourceRunId }) => linked.has(id) || (sourceRunId !== undefined && chosen.has(sourceRunId)),
    );
  }

  #wantedVersions(): ((version: ModelVersion) => boolean) | undefined {
    const { experiments, filter } = this.#selection;
    if (experiments === undefined && filter === undefined) return undefined;
    const { runIds } = this.#context;
    return ({ runId, modelId }) =>
      (runId !== undefined && runIds.has(runId)) || (modelId !== undefined && this.#models.has(modelId));
  }

  async #copyModels(pairs: LoggedModelPairs, models: readonly LoggedModel[]): Promise<readonly CopiedModel[]> {
    const copied: CopiedModel[] = [];
    await inParallel(models, this.#context, async (model) => {
      try {
        copied.push(await pairs.copy(model));
        this.#models.add(model.id);
      } catch (error) {
        this.#context.ledger.failure(whereIsModel(model.id), "logged model", error);
      }
    });
    return await pairs.settleTwins(copied);
  }

  /** Which logged models a run used and produced: these had to be there first. */
  async #copyLinks(pair: ExperimentPair, { source, target }: CopiedRun): Promise<void> {
    if (source.modelInputs.length + source.modelOutputs.length === 0) return;
    const { to, ledger } = this.#context;
    const { tracking } = to.backend;
    const links = linksOf(this.#context, source);
    const there = target === undefined ? undefined : await tracking.getRun(target.id);
    const missing = <T extends { readonly modelId: string }>(
      wanted: readonly T[],
      held: readonly { readonly modelId: string }[] = [],
    ) => wanted.filter(({ modelId }) => !held.some((link) => link.modelId === modelId));
    const inputs = missing(links.modelInputs, there?.modelInputs);
    const outputs = missing(links.modelOutputs, there?.modelOutputs);
    const count = inputs.length + outputs.length;
    ledger.addEqual({ modelLinks: links.modelInputs.length + links.modelOutputs.length - count });
    if (count === 0) return;
    const what = { where: whereIsRun(source.id), what: "links to logged models", counts: { modelLinks: count } };
    await attempt(this.#context, what, async () => {
      await pair.makeWritable();
      const { id } = target as NonNullable<typeof target>;
      if (there?.lifecycleStage === "deleted") await tracking.restoreRun(id);
      if (inputs.length > 0) await tracking.logModelInputs(id, inputs);
      if (outputs.length > 0) await tracking.logModelOutputs(id, outputs);
    });
  }

  async #copyFiles(runs: readonly CopiedRun[], models: readonly CopiedModel[]): Promise<void> {
    const places: FilePlaces[] = [
      ...runs.map(({ source, target }) => ({
        where: whereIsRun(source.id),
        from: source.artifactUri,
        to: target?.artifactUri,
      })),
      ...models.map(({ source, artifactLocation }) => ({
        where: whereIsModel(source.id),
        from: source.artifactLocation,
        to: artifactLocation,
      })),
    ];
    await inParallel(places, this.#context, async (place) => {
      try {
        await copyFiles(this.#context, place);
      } catch (error) {
        this.#context.ledger.failure(place.where, "artifacts", error);
      }
    });
  }

  /** Last, because nothing can be written to what is deleted. */
  async #deleteDeleted(pair: ExperimentPair, runs: readonly CopiedRun[]): Promise<void> {
    const { tracking } = this.#context.to.backend;
    const { source, targetId } = pair;
    for (const run of runs) {
      const { target } = run;
      if (run.source.lifecycleStage !== "deleted" || target === undefined) continue;
      if (target.lifecycleStage === "deleted") continue;
      const what = { where: whereIsRun(run.source.id), what: "deletion", counts: { changes: 1 } };
      await attempt(this.#context, what, () => tracking.deleteRun(target.id));
    }
    if (source.lifecycleStage !== "deleted" || targetId === undefined || !pair.isInUse) return;
    const what = { where: whereIsExperiment(source), what: "deletion", counts: { changes: 1 } };
    await attempt(this.#context, what, async () => {
      // Another sync may have done it.
      if ((await tracking.getExperiment(targetId)).lifecycleStage === "active")
        await tracking.deleteExperiment(targetId);
    });
  }
}

/** What is still needed of a run: there may be a hundred thousand. */
function withoutTexts({ source, target }: CopiedRun): CopiedRun {
  const { params: _params, tags, metrics: _metrics, ...rest } = source;
  const kept = { ...rest, params: {}, tags: originTag(tags), metrics: {} };
  if (target === undefined) return { source: kept, target };
  const { id, artifactUri, lifecycleStage } = target;
  return { source: kept, target: { id, artifactUri, lifecycleStage } };
}

const originTag = (tags: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => key === SYNCED_FROM_TAG));
