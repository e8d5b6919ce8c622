import { newId, newRunName } from "../base/ids.ts";
import { cutPage, isShown } from "../base/page.ts";
import {
  experimentDeleted,
  experimentNameTaken,
  noSuchExperiment,
  noSuchRun,
  noSuchTag,
  runDeleted,
} from "../base/store-errors.ts";
import type { Batch } from "../contract/batch.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import { OK, type Outcome } from "../contract/outcome.ts";
import type { ExperimentQuery, Page, RunQuery, TrackingStore } from "../contract/tracking-store.ts";
import type { CreateExperiment, Experiment } from "../schema/experiment.ts";
import type { MetricHistory } from "../schema/metric.ts";
import type { CreateRun, RunEntity, UpdateRun } from "../schema/run.ts";
import { MemoryRun } from "./memory-run.ts";

const URI = "memory:";

/** Experiments and runs in maps. */
export class MemoryTrackingStore implements TrackingStore {
  readonly #experiments = new Map<string, Experiment>();
  readonly #runs = new Map<string, MemoryRun>();

  constructor() {
    this.#addExperiment("0", { name: "Default" });
  }

  async createExperiment(input: CreateExperiment): Promise<string> {
    const owner = this.#findByName(input.name);
    if (owner !== undefined) throw experimentNameTaken(owner);
    return this.#addExperiment(String(this.#experiments.size), input);
  }

  #addExperiment(id: string, { name, artifactLocation, tags = {} }: CreateExperiment): string {
    const now = Date.now();
    this.#experiments.set(id, {
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
    const experiment = this.#experiments.get(experimentId);
    if (experiment === undefined) throw noSuchExperiment(experimentId, URI);
    return experiment;
  }

  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    return this.#findByName(name);
  }

  async listExperiments(query: ExperimentQuery): Promise<Page<Experiment>> {
    const found = [...this.#experiments.values()]
      .filter(({ lifecycleStage }) => isShown(query.viewType, lifecycleStage))
      .map((experiment) => ({ time: experiment.creationTime ?? 0, id: experiment.id, experiment }));
    return cutPage(found, query, ({ experiment }) => experiment);
  }

  async createRun(input: CreateRun): Promise<RunEntity> {
    const experiment = await this.getExperiment(input.experimentId);
    if (experiment.lifecycleStage === "deleted") throw experimentDeleted(experiment.id);
    const id = newId();
    const head = {
      id,
      name: input.name ?? input.tags?.["mlflow.runName"] ?? newRunName(),
      experimentId: experiment.id,
      userId: input.userId ?? "unknown",
      status: "RUNNING",
      startTime: input.startTime ?? Date.now(),
      lifecycleStage: "active",
      artifactUri: `${experiment.artifactLocation}/${id}/artifacts`,
    } as const;
    const run = new MemoryRun(head, input.tags ?? {});
    this.#runs.set(id, run);
    return run.entity();
  }

  async getRun(runId: string): Promise<RunEntity> {
    return this.#find(runId).entity();
  }

  async listRuns(query: RunQuery): Promise<Page<RunEntity>> {
    const found = [...this.#runs.values()]
      .filter(
        ({ head }) => query.experimentIds.includes(head.experimentId) && isShown(query.viewType, head.lifecycleStage),
      )
      .map((run) => ({ time: run.head.startTime, id: run.head.id, run }));
    return cutPage(found, query, ({ run }) => run.entity());
  }

  async updateRun(update: UpdateRun): Promise<void> {
    this.updateRunSync(update);
  }

  updateRunSync({ runId, ...changes }: UpdateRun): void {
    this.#findActive(runId).update(changes);
  }

  async metricHistory(runId: string, key: string): Promise<MetricHistory> {
    return this.#find(runId).history(key);
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    if (!this.#findActive(runId).tags.delete(key)) throw noSuchTag(key, `run ${runId}`);
  }

  async openSink(runId: string): Promise<MetricSink> {
    const run = this.#findActive(runId);
    return { limits: {}, writeSync: (batch) => write(run, batch), close: () => {} };
  }

  #findByName(name: string): Experiment | undefined {
    return [...this.#experiments.values()].find((experiment) => experiment.name === name);
  }

  #find(runId: string): MemoryRun {
    const run = this.#runs.get(runId);
    if (run === undefined) throw noSuchRun(runId, URI);
    return run;
  }

  #findActive(runId: string): MemoryRun {
    const run = this.#find(runId);
    if (run.head.lifecycleStage === "deleted") throw runDeleted(runId);
    return run;
  }
}

/** Takes everything but params that have changed. */
function write(run: MemoryRun, batch: Batch): Outcome {
  for (const input of batch.inputs) run.addInput(input);
  const refusals = batch.params.map(({ key, value }) => run.setParam(key, value));
  for (const { key, value } of batch.tags) run.setTag(key, value);
  run.addMetrics(batch.metrics, batch.series);
  const error = refusals.find((refusal) => refusal !== undefined);
  if (error === undefined) return OK;
  const positions = {
    metrics: upTo(batch.metrics.length),
    tags: upTo(batch.tags.length),
    inputs: upTo(batch.inputs.length),
  };
  const paramsWith = (isRefused: boolean) =>
    upTo(refusals.length).filter((i) => (refusals[i] !== undefined) === isRefused);
  return {
    status: "permanent",
    error,
    accepted: { ...positions, params: paramsWith(false) },
    rejected: { metrics: [], tags: [], inputs: [], params: paramsWith(true) },
  };
}

const upTo = (length: number) => Array.from({ length }, (_, i) => i);
