import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { warnOnce } from "../base/diagnostics.ts";
import { DEFAULT_EXPERIMENT_ID } from "../base/experiment-ids.ts";
import { experimentDeleted, runDeleted } from "../base/store-errors.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type {
  ExperimentQuery,
  Page,
  RewindTarget,
  RunMark,
  RunQuery,
  SyncTrackingStore,
  TrackingStore,
  ViewType,
} from "../contract/tracking-store.ts";
import { guarded, storageError } from "../disk/storage-errors.ts";
import type { CreateExperiment, Experiment } from "../schema/experiment.ts";
import type { MetricHistory } from "../schema/metric.ts";
import type { ModelInput, ModelOutput } from "../schema/model-link.ts";
import type { Tag } from "../schema/param.ts";
import { type CreateRun, hasEnded, type RunEntity, type UpdateRun } from "../schema/run.ts";
import { parseFilter } from "../search/filter.ts";
import { parseOrderBy } from "../search/order-by.ts";
import { cutPage, isShown } from "../search/page.ts";
import { searchExperiments } from "../search/searches.ts";
import { RUN_VOCABULARY } from "../search/vocabulary.ts";
import type { ExperimentFiles } from "./experiment-files.ts";
import { FsMetricSink } from "./fs-metric-sink.ts";
import { deleteText } from "./key-files.ts";
import { lastWriteBelow } from "./last-write.ts";
import { METRICS_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { readHistory } from "./metric-history.ts";
import { exchangedMetrics, RewindPlace } from "./rewind-place.ts";
import { RunFiles } from "./run-files.ts";
import { RunInputs } from "./run-inputs.ts";
import { RunMarks } from "./run-marks.ts";
import { RunOutputs } from "./run-outputs.ts";
import { type StoreFiles, skipDamaged } from "./store-files.ts";
import type { StoredRun } from "./stored-run.ts";
import { StoredRuns } from "./stored-runs.ts";
import { Trash } from "./trash.ts";

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
  readonly #trash: Trash;
  readonly #stored: StoredRuns;

  constructor(store: StoreFiles, experiments: ExperimentFiles) {
    this.#store = store;
    this.#experiments = experiments;
    this.#runs = new RunFiles(store);
    this.#stored = new StoredRuns(store);
    this.#trash = new Trash(store, this.#experiments, this.#runs);
  }

  readonly sync: SyncTrackingStore = {
    createExperiment: (input) => this.#experiments.create(input),
    getExperiment: (experimentId) => this.#experiments.get(experimentId),
    getExperimentByName: (name) => this.#experiments.findByName(name),
    createRun: (input) => this.#createRun(input),
    openSink: (runId) => this.#openSink(runId),
  };

  async createExperiment(input: CreateExperiment): Promise<string> {
    return this.sync.createExperiment(input);
  }

  async getExperiment(experimentId: string): Promise<Experiment> {
    return this.sync.getExperiment(experimentId);
  }

  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    return this.sync.getExperimentByName(name);
  }

  async searchExperiments(query: ExperimentQuery): Promise<Page<Experiment>> {
    return searchExperiments(this.#experiments.all(), query);
  }

  async renameExperiment(experimentId: string, name: string): Promise<void> {
    this.#experiments.rename(experimentId, name);
  }

  async deleteExperiment(experimentId: string): Promise<void> {
    this.#trash.put(experimentId);
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    this.#trash.restore(experimentId);
  }

  async setExperimentTag(experimentId: string, tag: Tag): Promise<void> {
    this.#experiments.setTag(experimentId, tag);
  }

  async deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    this.#experiments.deleteTag(experimentId, key);
  }

  async createRun(input: CreateRun): Promise<RunEntity> {
    return this.sync.createRun(input);
  }

  #createRun(input: CreateRun): RunEntity {
    if (input.experimentId === DEFAULT_EXPERIMENT_ID) this.#experiments.createDefault();
    const experiment = this.#experiments.get(input.experimentId);
    if (experiment.lifecycleStage === "deleted") throw experimentDeleted(experiment.id);
    this.#warnOfDatabase();
    const place = this.#runs.create(experiment, join(this.#store.directory, experiment.id), input);
    return this.#stored.open(place).entity();
  }

  async getRun(runId: string): Promise<RunEntity> {
    const place = this.#store.findRun(runId);
    return this.#stored.open(place).entity();
  }

  async searchRuns(query: RunQuery): Promise<Page<RunEntity>> {
    const matches = parseFilter(query.filter, RUN_VOCABULARY);
    const order = parseOrderBy(query.orderBy, RUN_VOCABULARY);
    const found = [...new Set(query.experimentIds)]
      .flatMap((experimentId) => this.#runsOf(experimentId, query.viewType))
      .filter(matches);
    return cutPage(
      found,
      (run) => run,
      order,
      query,
      (run) => skipDamaged(() => run.entity()),
    );
  }

  async updateRun(update: UpdateRun): Promise<void> {
    this.updateRunSync(update);
  }

  updateRunSync({ runId, ...changes }: UpdateRun): void {
    this.#runs.update(this.#store.findRun(runId), changes);
  }

  async lastWrites(runs: readonly RunEntity[]): Promise<readonly number[]> {
    return runs.map(({ id }) => {
      const place = this.#store.placeOfRun(id);
      return place === undefined ? 0 : lastWriteBelow(place);
    });
  }

  async reapRun(runId: string, reaped: { endTime: number; tag: Tag }): Promise<boolean> {
    return this.#runs.reap(this.#store.findRun(runId), reaped);
  }

  async reviveRun(runId: string, tagKey: string): Promise<boolean> {
    return this.#runs.revive(this.#store.findRun(runId), tagKey);
  }

  async deleteRun(runId: string): Promise<void> {
    this.#runs.setLifecycleStage(this.#store.findRun(runId), "deleted", Date.now());
  }

  async restoreRun(runId: string): Promise<void> {
    this.#runs.setLifecycleStage(this.#store.findRun(runId), "active", Date.now());
  }

  async metricHistory(runId: string, key: string): Promise<MetricHistory> {
    const place = this.#store.findRun(runId);
    const read = (directory: string) => {
      const path = join(directory, key);
      if (existsSync(path)) this.#store.containment.check(path);
      return readHistory(path);
    };
    const metrics = join(place, METRICS_DIRECTORY);
    // The second directory takes the place of the first in the middle of a rewind, maybe just now.
    return read(metrics) ?? read(exchangedMetrics(place)) ?? read(metrics) ?? NO_HISTORY;
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    const root = this.#findActive(runId);
    deleteText({ containment: this.#store.containment, root, directory: join(root, TAGS_DIRECTORY) }, key);
  }

  async logModelInputs(runId: string, models: readonly ModelInput[]): Promise<void> {
    const place = this.#findActive(runId);
    const inputs = new RunInputs(this.#store.containment, place);
    guarded("write", place, () => {
      for (const model of models) inputs.writeModel(runId, model);
    });
  }

  async logModelOutputs(runId: string, models: readonly ModelOutput[]): Promise<void> {
    const place = this.#findActive(runId);
    const outputs = new RunOutputs(this.#store.containment, place);
    guarded("write", place, () => {
      for (const model of models) outputs.write(model);
    });
  }

  async rewind(runId: string, to: RewindTarget): Promise<void> {
    const place = this.#findActive(runId);
    const mayBeWritten = !hasEnded(this.#runs.read(place).status);
    const { rewindRun } = await import("./rewind-run.ts");
    try {
      await rewindRun(this.#store, { id: runId, place, mayBeWritten }, to);
    } catch (error) {
      throw storageError("rewind", place, error);
    }
  }

  async marks(runId: string): Promise<readonly RunMark[]> {
    const marks = new RunMarks(this.#store.containment, this.#store.findRun(runId)).all();
    return marks.map(({ name, time }) => ({ name, time }));
  }

  #openSink(runId: string): MetricSink {
    const place = this.#findActive(runId);
    new RewindPlace(this.#store.containment, place, runId).settle();
    return new FsMetricSink(this.#store, this.#runs, runId, place);
  }

  async openSink(runId: string): Promise<MetricSink> {
    return this.sync.openSink(runId);
  }

  #findActive(runId: string): string {
    const place = this.#store.findRun(runId);
    if (this.#runs.read(place).lifecycleStage === "deleted") throw runDeleted(runId);
    return place;
  }

  #runsOf(experimentId: string, viewType: ViewType): StoredRun[] {
    const directory = this.#store.findExperiment(experimentId);
    if (directory === undefined) return [];
    return this.#store.runIds(directory).flatMap((id) => {
      const run = this.#stored.open(`${directory}/${id}`);
      const info = skipDamaged(() => run.info);
      return info === undefined || !isShown(viewType, info.lifecycleStage) ? [] : run;
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
