import type { MetricSink } from "../../contract/metric-sink.ts";
import type {
  ExperimentQuery,
  Page,
  RewindTarget,
  RunMark,
  RunQuery,
  TrackingStore,
} from "../../contract/tracking-store.ts";
import type { CreateExperiment, Experiment } from "../../schema/experiment.ts";
import type { MetricHistory } from "../../schema/metric.ts";
import type { ModelInput, ModelOutput } from "../../schema/model-link.ts";
import type { Tag } from "../../schema/param.ts";
import type { CreateRun, RunEntity, UpdateRun } from "../../schema/run.ts";
import type { Experiments } from "./experiments.ts";
import type { LoggedModels } from "./logged-models.ts";
import { withModelInputs, withModelOutputs, withoutTag } from "./run-head.ts";
import type { Runs } from "./runs.ts";
import { S3MetricSink } from "./s3-metric-sink.ts";

/** What is kept in a store, by kind. */
export interface TrackingParts {
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly loggedModels: LoggedModels;
  readonly uri: string;
}

/** Experiments and runs in a bucket. */
export class S3TrackingStore implements TrackingStore {
  readonly #parts: TrackingParts;

  constructor(parts: TrackingParts) {
    this.#parts = parts;
  }

  async createExperiment(input: CreateExperiment): Promise<string> {
    return await this.#parts.experiments.create(input);
  }

  async getExperiment(experimentId: string): Promise<Experiment> {
    return await this.#parts.experiments.get(experimentId);
  }

  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    return await this.#parts.experiments.findByName(name);
  }

  async searchExperiments(query: ExperimentQuery): Promise<Page<Experiment>> {
    return await this.#parts.experiments.search(query);
  }

  async renameExperiment(experimentId: string, name: string): Promise<void> {
    await this.#parts.experiments.rename(experimentId, name);
  }

  async deleteExperiment(experimentId: string): Promise<void> {
    await this.#parts.experiments.delete(experimentId);
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    await this.#parts.experiments.restore(experimentId);
  }

  async setExperimentTag(experimentId: string, tag: Tag): Promise<void> {
    await this.#parts.experiments.setTag(experimentId, tag);
  }

  async deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    await this.#parts.experiments.deleteTag(experimentId, key);
  }

  async createRun(input: CreateRun): Promise<RunEntity> {
    return await this.#parts.runs.create(input);
  }

  async getRun(runId: string): Promise<RunEntity> {
    return await this.#parts.runs.get(runId);
  }

  async searchRuns(query: RunQuery): Promise<Page<RunEntity>> {
    return await this.#parts.runs.search(query);
  }

  async updateRun(update: UpdateRun): Promise<void> {
    await this.#parts.runs.update(update);
  }

  async lastWrites(runs: readonly RunEntity[]): Promise<readonly number[]> {
    return await this.#parts.runs.lastWrites(runs);
  }

  async reapRun(runId: string, { endTime, tag }: { endTime: number; tag: Tag }): Promise<boolean> {
    return await this.#parts.runs.reap(runId, endTime, tag);
  }

  async reviveRun(runId: string, tagKey: string): Promise<boolean> {
    return await this.#parts.runs.revive(runId, tagKey);
  }

  async deleteRun(runId: string): Promise<void> {
    await this.#parts.runs.delete(runId);
  }

  async restoreRun(runId: string): Promise<void> {
    await this.#parts.runs.restore(runId);
  }

  async metricHistory(runId: string, key: string): Promise<MetricHistory> {
    return await this.#parts.runs.history(runId, key);
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    await this.#parts.runs.heads.change(runId, (head) => withoutTag(head, key));
  }

  async logModelInputs(runId: string, models: readonly ModelInput[]): Promise<void> {
    await this.#parts.runs.heads.change(runId, (head) => withModelInputs(head, models));
  }

  async logModelOutputs(runId: string, models: readonly ModelOutput[]): Promise<void> {
    await this.#parts.runs.heads.change(runId, (head) => withModelOutputs(head, models));
  }

  async rewind(runId: string, to: RewindTarget): Promise<void> {
    await this.#parts.runs.rewind(runId, to);
  }

  async marks(runId: string): Promise<readonly RunMark[]> {
    return await this.#parts.runs.marks(runId);
  }

  async openSink(runId: string): Promise<MetricSink> {
    const { latestMetrics } = await this.#parts.runs.heads.readActive(runId);
    return new S3MetricSink({ ...this.#parts, runId, isClosed: latestMetrics !== undefined });
  }
}
