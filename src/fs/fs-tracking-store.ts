import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { warnOnce } from "../base/diagnostics.ts";
import { cutPage, isShown } from "../base/page.ts";
import { experimentDeleted, runDeleted } from "../base/store-errors.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type { ExperimentQuery, Page, RunQuery, TrackingStore, ViewType } from "../contract/tracking-store.ts";
import type { CreateExperiment, Experiment } from "../schema/experiment.ts";
import type { MetricHistory } from "../schema/metric.ts";
import type { CreateRun, RunEntity, UpdateRun } from "../schema/run.ts";
import { ExperimentFiles } from "./experiment-files.ts";
import { FsMetricSink } from "./fs-metric-sink.ts";
import { deleteText } from "./key-files.ts";
import { DEFAULT_EXPERIMENT_ID, METRICS_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { readHistory } from "./metric-history.ts";
import { RunFiles, type RunInfo } from "./run-files.ts";
import { readRun } from "./run-reader.ts";
import { type StoreFiles, skipDamaged } from "./store-files.ts";

const NO_HISTORY: MetricHistory = {
  steps: new Float64Array(),
  timestamps: new Float64Array(),
  values: new Float64Array(),
};

/** Experiments and runs in MLflow's file layout. */
export class FsTrackingStore implements TrackingStore {
  readonly #store: StoreFiles;
  readonly #experiments: ExperimentFiles;
  readonly #runs: RunFiles;

  constructor(store: StoreFiles) {
    this.#store = store;
    this.#experiments = new ExperimentFiles(store);
    this.#runs = new RunFiles(store);
  }

  async createExperiment(input: CreateExperiment): Promise<string> {
    return this.#experiments.create(input);
  }

  async getExperiment(experimentId: string): Promise<Experiment> {
    return this.#experiments.get(experimentId);
  }

  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    return this.#experiments.findByName(name);
  }

  async listExperiments(query: ExperimentQuery): Promise<Page<Experiment>> {
    const found = this.#experiments
      .all()
      .filter(({ lifecycleStage }) => isShown(query.viewType, lifecycleStage))
      .map((experiment) => ({ time: experiment.creationTime ?? 0, id: experiment.id, experiment }));
    return cutPage(found, query, ({ experiment }) => experiment);
  }

  async createRun(input: CreateRun): Promise<RunEntity> {
    if (input.experimentId === DEFAULT_EXPERIMENT_ID) this.#experiments.createDefault();
    const experiment = this.#experiments.get(input.experimentId);
    if (experiment.lifecycleStage === "deleted") throw experimentDeleted(experiment.id);
    this.#warnOfDatabase();
    const place = this.#runs.create(experiment, join(this.#store.directory, experiment.id), input);
    return readRun(this.#store, place, this.#runs.read(place));
  }

  async getRun(runId: string): Promise<RunEntity> {
    const place = this.#store.findRun(runId);
    return readRun(this.#store, place, this.#runs.read(place));
  }

  async listRuns(query: RunQuery): Promise<Page<RunEntity>> {
    const found = [...new Set(query.experimentIds)].flatMap((experimentId) => {
      const directory = this.#store.findExperiment(experimentId);
      return directory === undefined ? [] : this.#listExperiment(directory, query.viewType);
    });
    return cutPage(found, query, ({ place, info }) => skipDamaged(() => readRun(this.#store, place, info)));
  }

  async updateRun(update: UpdateRun): Promise<void> {
    this.updateRunSync(update);
  }

  updateRunSync({ runId, ...changes }: UpdateRun): void {
    this.#runs.update(this.#store.findRun(runId), changes);
  }

  async metricHistory(runId: string, key: string): Promise<MetricHistory> {
    const path = join(this.#store.findRun(runId), METRICS_DIRECTORY, key);
    if (existsSync(path)) this.#store.containment.check(path);
    return readHistory(path) ?? NO_HISTORY;
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    const root = this.#findActive(runId);
    deleteText({ containment: this.#store.containment, root, directory: join(root, TAGS_DIRECTORY) }, key);
  }

  async openSink(runId: string): Promise<MetricSink> {
    return new FsMetricSink(this.#store, this.#runs, runId, this.#findActive(runId));
  }

  #findActive(runId: string): string {
    const place = this.#store.findRun(runId);
    if (this.#runs.read(place).lifecycleStage === "deleted") throw runDeleted(runId);
    return place;
  }

  #listExperiment(directory: string, viewType: ViewType): { time: number; id: string; place: string; info: RunInfo }[] {
    return this.#store.runIds(directory).flatMap((id) => {
      const place = join(directory, id);
      const info = skipDamaged(() => this.#runs.read(place));
      if (info === undefined || !isShown(viewType, info.lifecycleStage)) return [];
      return { time: info.startTime, id, place, info };
    });
  }

  /** MLflow keeps to one store per folder: people who have both would look for their runs in the wrong one. */
  #warnOfDatabase(): void {
    const { directory } = this.#store;
    const database = join(dirname(directory), "mlflow.db");
    if (basename(directory) !== "mlruns" || !existsSync(database)) return;
    warnOnce(
      `database:${database}`,
      `${database} lies beside ${directory}: Python MLflow will show only one of them. To see these runs there, run "mlflow migrate-filestore", or set MLFLOW_ALLOW_FILE_STORE=true and MLFLOW_TRACKING_URI=${directory}`,
    );
  }
}
