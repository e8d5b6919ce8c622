import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TidemarkError } from "../base/errors.ts";
import { newId, newRunName } from "../base/ids.ts";
import { experimentDeleted, idTaken } from "../base/store-errors.ts";
import type { ImportedLoggedModel } from "../contract/importer.ts";
import type { LoggedModelQuery, LoggedModelStore, MeasuredMetric } from "../contract/logged-model-store.ts";
import type { Page } from "../contract/tracking-store.ts";
import { makeDirectory } from "../disk/atomic-file.ts";
import { guarded, storageError } from "../disk/storage-errors.ts";
import type { CreateLoggedModel, LoggedModel, LoggedModelStatus, ModelMetric } from "../schema/model.ts";
import { searchLoggedModels } from "../search/logged-models.ts";
import { claimDirectory } from "./claim-directory.ts";
import type { ExperimentFiles } from "./experiment-files.ts";
import { deleteText, setText } from "./key-files.ts";
import {
  ARTIFACTS_DIRECTORY,
  META_FILE,
  METRICS_DIRECTORY,
  MODELS_DIRECTORY,
  PARAMS_DIRECTORY,
  TAGS_DIRECTORY,
} from "./layout.ts";
import { LoggedModelFiles, STATUS_NUMBERS } from "./logged-model-files.ts";
import { formatMeta } from "./meta-yaml.ts";
import { MetricFile } from "./metric-file.ts";
import { LineFormatter, modelLineEnd } from "./metric-line.ts";
import type { StoreFiles } from "./store-files.ts";

type Columns = [Float64Array, Float64Array, Float64Array];

/** Logged models in MLflow's file layout. */
export class FsLoggedModelStore implements LoggedModelStore {
  readonly #store: StoreFiles;
  readonly #experiments: ExperimentFiles;
  readonly #files: LoggedModelFiles;

  constructor(store: StoreFiles, experiments: ExperimentFiles) {
    this.#store = store;
    this.#experiments = experiments;
    this.#files = new LoggedModelFiles(store);
  }

  async create(input: CreateLoggedModel): Promise<LoggedModel> {
    const { experimentId, name = newRunName(), params = {}, tags = {}, ...rest } = input;
    const id = `m-${newId()}`;
    const now = Date.now();
    const times = { creationTime: now, lastUpdateTime: now };
    const isNew = this.#claim({
      ...rest,
      ...times,
      id,
      name,
      experimentId,
      status: "PENDING",
      params,
      tags,
      metrics: [],
    });
    // Ids are random: only a broken source of randomness comes here.
    if (!isNew) throw new TidemarkError("STORAGE_ERROR", `there is a logged model ${id} already`);
    return this.#files.find(id).model;
  }

  /** The same of what another store has, with the id it has there. Answers where its files are. */
  import(model: ImportedLoggedModel): string {
    if (this.#files.isTaken(model.id) || !this.#claim(model)) {
      throw idTaken("logged model", model.id, this.#store.uri);
    }
    return this.#files.find(model.id).model.artifactLocation;
  }

  /** Answers false where there is a model with this id in its experiment. */
  #claim(model: ImportedLoggedModel): boolean {
    const { id, experimentId, name, sourceRunId = null, modelType = null, statusMessage = null } = model;
    const experiment = this.#experiments.get(experimentId);
    if (experiment.lifecycleStage === "deleted") throw experimentDeleted(experimentId);
    const experimentDirectory = join(this.#store.directory, experimentId);
    const place = join(experimentDirectory, MODELS_DIRECTORY, id);
    return guarded("create", place, () => {
      makeDirectory(join(experimentDirectory, MODELS_DIRECTORY));
      return claimDirectory(experimentDirectory, place, (directory) => {
        const meta = formatMeta({
          artifact_location: `${experiment.artifactLocation.replace(/\/+$/, "")}/${MODELS_DIRECTORY}/${id}/${ARTIFACTS_DIRECTORY}`,
          creation_timestamp: model.creationTime,
          experiment_id: experimentId,
          last_updated_timestamp: model.lastUpdateTime,
          lifecycle_stage: "active",
          model_id: id,
          model_type: modelType,
          name,
          source_run_id: sourceRunId,
          status: STATUS_NUMBERS[model.status],
          status_message: statusMessage,
        });
        writeFileSync(join(directory, META_FILE), meta);
        makeDirectory(join(directory, METRICS_DIRECTORY));
        makeDirectory(join(directory, PARAMS_DIRECTORY));
        this.#setTexts(directory, PARAMS_DIRECTORY, model.params);
        this.#setTexts(directory, TAGS_DIRECTORY, model.tags);
        this.#addMeasured(directory, model.metrics);
      });
    });
  }

  async get(modelId: string): Promise<LoggedModel> {
    return this.#files.find(modelId).model;
  }

  async search(query: LoggedModelQuery): Promise<Page<LoggedModel>> {
    const models = [...new Set(query.experimentIds)].flatMap((experimentId) => {
      const directory = this.#store.findExperiment(experimentId);
      return directory === undefined ? [] : this.#files.all(directory);
    });
    return searchLoggedModels(models, query);
  }

  async finalize(modelId: string, status: Exclude<LoggedModelStatus, "PENDING">): Promise<LoggedModel> {
    const { place } = this.#files.find(modelId);
    this.#files.change(place, { status: STATUS_NUMBERS[status], last_updated_timestamp: Date.now() });
    return this.#files.find(modelId).model;
  }

  async delete(modelId: string): Promise<void> {
    const { place } = this.#files.find(modelId);
    this.#files.change(place, { lifecycle_stage: "deleted", last_updated_timestamp: Date.now() });
  }

  async logParams(modelId: string, params: Readonly<Record<string, string>>): Promise<void> {
    this.#setTexts(this.#files.find(modelId).place, PARAMS_DIRECTORY, params);
  }

  async addMetrics(modelId: string, runId: string, metrics: readonly MeasuredMetric[]): Promise<void> {
    this.#addMeasured(
      this.#files.find(modelId).place,
      metrics.map((metric) => ({ ...metric, runId })),
    );
  }

  #addMeasured(place: string, metrics: readonly ModelMetric[]): void {
    const { descriptors: cache, containment } = this.#store;
    const formatter = new LineFormatter();
    for (const metric of metrics) {
      const file = new MetricFile({ cache, containment, root: place }, join(place, METRICS_DIRECTORY, metric.key));
      const { error } = file.append(modelLine(formatter, metric), 1);
      file.close();
      if (error !== undefined) throw storageError("write", file.path, error);
    }
  }

  async setTags(modelId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    this.#setTexts(this.#files.find(modelId).place, TAGS_DIRECTORY, tags);
  }

  async deleteTag(modelId: string, key: string): Promise<void> {
    deleteText(this.#files.texts(this.#files.find(modelId).place, TAGS_DIRECTORY), key);
  }

  #setTexts(place: string, directory: string, texts: Readonly<Record<string, string>>): void {
    const target = this.#files.texts(place, directory);
    guarded("write", target.directory, () => {
      for (const [key, value] of Object.entries(texts)) setText(target, key, value);
    });
  }
}

function modelLine(formatter: LineFormatter, metric: ModelMetric): Buffer {
  const { key, runId = "", datasetName, datasetDigest } = metric;
  const [values, timestamps, steps] = [metric.value, metric.timestamp, metric.step].map((number) =>
    Float64Array.of(number),
  ) as Columns;
  const slice = { values, timestamps, steps, positions: Uint32Array.of(0), from: 0, to: 1 };
  const isOnDataset = datasetName !== undefined && datasetDigest !== undefined;
  const dataset = isOnDataset ? { dataset: { name: datasetName, digest: datasetDigest } } : {};
  return formatter.format(slice, modelLineEnd({ key, ...dataset }, runId));
}
