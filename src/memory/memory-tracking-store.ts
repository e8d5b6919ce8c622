import { DEFAULT_EXPERIMENT_ID, DEFAULT_EXPERIMENT_NAME } from "../base/experiment-ids.ts";
import { newId, newRunName } from "../base/ids.ts";
import {
  defaultExperimentStays,
  experimentDeleted,
  experimentNameTaken,
  idTaken,
  noSuchDeletedExperiment,
  noSuchExperiment,
  noSuchRun,
  noSuchTag,
  runDeleted,
  runIsWritten,
} from "../base/store-errors.ts";
import type { Batch } from "../contract/batch.ts";
import type { ImportedExperiment, ImportedRun } from "../contract/importer.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type {
  ExperimentQuery,
  Page,
  RewindTarget,
  RunMark,
  RunQuery,
  SyncTrackingStore,
  TrackingStore,
} from "../contract/tracking-store.ts";
import type { CreateExperiment, Experiment, LifecycleStage } from "../schema/experiment.ts";
import { RUN_NAME_TAG } from "../schema/known-tags.ts";
import type { MetricHistory } from "../schema/metric.ts";
import type { ModelInput, ModelOutput } from "../schema/model-link.ts";
import type { Tag } from "../schema/param.ts";
import type { CreateRun, RunEntity, UpdateRun } from "../schema/run.ts";
import { searchExperiments, searchRuns } from "../search/searches.ts";
import { MemoryLoggedModelStore } from "./memory-logged-model-store.ts";
import { memorySink, writeBatch } from "./memory-metric-sink.ts";
import { MemoryRun } from "./memory-run.ts";
import { URI } from "./memory-uri.ts";

/** Experiments and runs in maps. */
export class MemoryTrackingStore implements TrackingStore {
  readonly experiments = new Map<string, Experiment>();
  readonly runs = new Map<string, MemoryRun>();
  #nextExperiment = 0;

  readonly loggedModels = new MemoryLoggedModelStore((experimentId) => this.#findExperiment(experimentId));

  constructor() {
    this.#createExperiment({ name: DEFAULT_EXPERIMENT_NAME });
  }

  readonly sync: SyncTrackingStore = {
    createExperiment: (input) => this.#createExperiment(input),
    getExperiment: (experimentId) => this.#findExperiment(experimentId),
    getExperimentByName: (name) => this.#findByName(name),
    createRun: (input) => this.#createRun(input),
    openSink: (runId) => this.#openSink(runId),
  };

  async createExperiment(input: CreateExperiment): Promise<string> {
    return this.sync.createExperiment(input);
  }

  #createExperiment(input: CreateExperiment): string {
    const owner = this.#findByName(input.name);
    if (owner !== undefined) throw experimentNameTaken(owner);
    // An imported experiment may have any number for an id.
    while (this.experiments.has(String(this.#nextExperiment))) this.#nextExperiment++;
    return this.#addExperiment(String(this.#nextExperiment++), input);
  }

  importExperiment({ id, name, tags, ...times }: ImportedExperiment): void {
    const owner = this.#findByName(name);
    if (owner !== undefined) throw experimentNameTaken(owner);
    if (this.experiments.has(id)) throw idTaken("experiment", id, URI);
    this.#addExperiment(id, { name, tags });
    this.experiments.set(id, { ...this.#findExperiment(id), ...times });
  }

  #addExperiment(id: string, { name, artifactLocation, tags = {} }: CreateExperiment): string {
    const now = Date.now();
    this.experiments.set(id, {
      id,
      name,
      artifactLocation: artifactLocation ?? `${URI}${id}`,
      lifecycleStage: "active",
      creationTime: now,
      lastUpdateTime: now,
      tags,
    });
    return id;
  }

  async getExperiment(experimentId: string): Promise<Experiment> {
    return this.#findExperiment(experimentId);
  }

  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    return this.#findByName(name);
  }

  async searchExperiments(query: ExperimentQuery): Promise<Page<Experiment>> {
    return searchExperiments([...this.experiments.values()], query);
  }

  async renameExperiment(experimentId: string, name: string): Promise<void> {
    const experiment = this.#findActiveExperiment(experimentId);
    const owner = this.#findByName(name);
    if (owner !== undefined) throw experimentNameTaken(owner);
    this.#change(experiment, { name });
  }

  async deleteExperiment(experimentId: string): Promise<void> {
    if (experimentId === DEFAULT_EXPERIMENT_ID) throw defaultExperimentStays();
    this.#setStage(this.#findActiveExperiment(experimentId), "deleted");
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    const experiment = this.#findExperiment(experimentId);
    if (experiment.lifecycleStage === "active") throw noSuchDeletedExperiment(experimentId, URI);
    this.#setStage(experiment, "active");
  }

  async setExperimentTag(experimentId: string, { key, value }: Tag): Promise<void> {
    const experiment = this.#findActiveExperiment(experimentId);
    // Defined, not assigned, so that "__proto__" is a key like any other.
    this.#change(experiment, { tags: Object.fromEntries([...Object.entries(experiment.tags), [key, value]]) });
  }

  async deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    const experiment = this.#findActiveExperiment(experimentId);
    const tags = Object.entries(experiment.tags);
    const kept = tags.filter(([name]) => name !== key);
    if (kept.length === tags.length) throw noSuchTag(key, `experiment ${experimentId}`);
    this.#change(experiment, { tags: Object.fromEntries(kept) });
  }

  async createRun(input: CreateRun): Promise<RunEntity> {
    return this.sync.createRun(input);
  }

  #createRun(input: CreateRun): RunEntity {
    const experiment = this.#findActiveExperiment(input.experimentId);
    const id = newId();
    const head = {
      id,
      name: input.name ?? input.tags?.[RUN_NAME_TAG] ?? newRunName(),
      experimentId: experiment.id,
      userId: input.userId ?? "unknown",
      status: "RUNNING",
      startTime: input.startTime ?? Date.now(),
      lifecycleStage: "active",
      artifactUri: `${experiment.artifactLocation}/${id}/artifacts`,
    } as const;
    const run = new MemoryRun(head, { ...input.tags, [RUN_NAME_TAG]: head.name });
    this.runs.set(id, run);
    return run.entity();
  }

  async importRun(run: ImportedRun, values?: AsyncIterable<Batch>): Promise<string> {
    const { params, tags, inputs, modelInputs, modelOutputs, ...head } = run;
    const { artifactLocation } = this.#findActiveExperiment(run.experimentId);
    if (this.runs.has(run.id)) throw idTaken("run", run.id, URI);
    const artifactUri = `${artifactLocation}/${run.id}/artifacts`;
    const imported = new MemoryRun({ ...head, lifecycleStage: "active", artifactUri }, tags);
    for (const [key, value] of Object.entries(params)) imported.setParam(key, value);
    for (const input of inputs) imported.addInput(input);
    for (const model of modelInputs) imported.addModelInput(model);
    for (const model of modelOutputs) imported.addModelOutput(model);
    for await (const batch of values ?? []) writeBatch(imported, batch, this.loggedModels);
    // Another one may have come meanwhile.
    if (this.runs.has(run.id)) throw idTaken("run", run.id, URI);
    this.runs.set(run.id, imported);
    return artifactUri;
  }

  async getRun(runId: string): Promise<RunEntity> {
    return this.#find(runId).entity();
  }

  async searchRuns(query: RunQuery): Promise<Page<RunEntity>> {
    const runs = [...this.runs.values()].map((run) => run.entity());
    return searchRuns(
      runs.filter(({ experimentId }) => query.experimentIds.includes(experimentId)),
      query,
    );
  }

  async updateRun(update: UpdateRun): Promise<void> {
    this.updateRunSync(update);
  }

  updateRunSync({ runId, ...changes }: UpdateRun): void {
    this.#findActive(runId).touch().update(changes);
  }

  async lastWrites(runs: readonly RunEntity[]): Promise<readonly number[]> {
    return runs.map(({ id }) => this.runs.get(id)?.lastWrite ?? 0);
  }

  async reapRun(runId: string, { endTime, tag }: { endTime: number; tag: Tag }): Promise<boolean> {
    const run = this.#findActive(runId);
    if (run.head.status !== "RUNNING") return false;
    run.update({ status: "KILLED", endTime });
    run.setTag(tag.key, tag.value);
    return true;
  }

  async reviveRun(runId: string, tagKey: string): Promise<boolean> {
    const run = this.#findActive(runId);
    if (run.head.status !== "KILLED" || !run.tags.delete(tagKey)) return false;
    run.update({ status: "RUNNING" });
    return true;
  }

  async deleteRun(runId: string): Promise<void> {
    this.#find(runId).setLifecycleStage("deleted");
  }

  async restoreRun(runId: string): Promise<void> {
    this.#find(runId).setLifecycleStage("active");
  }

  async metricHistory(runId: string, key: string): Promise<MetricHistory> {
    return this.#find(runId).history(key);
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    if (!this.#findActive(runId).touch().tags.delete(key)) throw noSuchTag(key, `run ${runId}`);
  }

  async logModelInputs(runId: string, models: readonly ModelInput[]): Promise<void> {
    const run = this.#findActive(runId).touch();
    for (const model of models) run.addModelInput(model);
  }

  async logModelOutputs(runId: string, models: readonly ModelOutput[]): Promise<void> {
    const run = this.#findActive(runId).touch();
    for (const model of models) run.addModelOutput(model);
  }

  async openSink(runId: string): Promise<MetricSink> {
    return this.sync.openSink(runId);
  }

  async rewind(runId: string, to: RewindTarget): Promise<void> {
    const run = this.#findActive(runId);
    if (run.openSinks > 0) throw runIsWritten(runId, "it is open");
    run.rewind(to);
  }

  async marks(runId: string): Promise<readonly RunMark[]> {
    return this.#find(runId).marks();
  }

  #openSink(runId: string): MetricSink {
    const run = this.#findActive(runId);
    return memorySink(run, this.loggedModels);
  }

  #findByName(name: string): Experiment | undefined {
    return [...this.experiments.values()].find((experiment) => experiment.name === name);
  }

  #findExperiment(experimentId: string): Experiment {
    const experiment = this.experiments.get(experimentId);
    if (experiment === undefined) throw noSuchExperiment(experimentId, URI);
    return experiment;
  }

  #findActiveExperiment(experimentId: string): Experiment {
    const experiment = this.#findExperiment(experimentId);
    if (experiment.lifecycleStage === "deleted") throw experimentDeleted(experimentId);
    return experiment;
  }

  #change(experiment: Experiment, changes: Partial<Experiment>): void {
    this.experiments.set(experiment.id, { ...experiment, ...changes, lastUpdateTime: Date.now() });
  }

  /** Runs go with their experiment. */
  #setStage(experiment: Experiment, lifecycleStage: LifecycleStage): void {
    this.#change(experiment, { lifecycleStage });
    for (const run of this.runs.values()) {
      if (run.head.experimentId === experiment.id) run.setLifecycleStage(lifecycleStage);
    }
  }

  #find(runId: string): MemoryRun {
    const run = this.runs.get(runId);
    if (run === undefined) throw noSuchRun(runId, URI);
    return run;
  }

  #findActive(runId: string): MemoryRun {
    const run = this.#find(runId);
    if (run.head.lifecycleStage === "deleted") throw runDeleted(runId);
    return run;
  }
}
