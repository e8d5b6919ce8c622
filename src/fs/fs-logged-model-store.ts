import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { TidemarkError } from "../base/errors.ts";
import { newId, newRunName } from "../base/ids.ts";
import { experimentDeleted } from "../base/store-errors.ts";
import type { LoggedModelQuery, LoggedModelStore } from "../contract/logged-model-store.ts";
import type { Page } from "../contract/tracking-store.ts";
import { makeDirectory } from "../disk/atomic-file.ts";
import { guarded, storageError } from "../disk/storage-errors.ts";
import type { Metric } from "../schema/metric.ts";
import type { CreateLoggedModel, LoggedModel, LoggedModelStatus } from "../schema/model.ts";
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
    const { experimentId, name = newRunName(), sourceRunId = null, modelType = null, params = {}, tags = {} } = input;
    const experiment = this.#experiments.get(experimentId);
    if (experiment.lifecycleStage === "deleted") throw experimentDeleted(experimentId);
    const experimentDirectory = join(this.#store.directory, experimentId);
    const id = `m-${newId()}`;
    const place = join(experimentDirectory, MODELS_DIRECTORY, id);
    const now = Date.now();
    const isNew = guarded("create", place, () => {
      makeDirectory(join(experimentDirectory, MODELS_DIRECTORY));
      return claimDirectory(experimentDirectory, place, (directory) => {
        const meta = formatMeta({
          artifact_location: `${experiment.artifactLocation.replace(/\/+$/, "")}/${MODELS_DIRECTORY}/${id}/${ARTIFACTS_DIRECTORY}`,
          creation_timestamp: now,
          experiment_id: experimentId,
          last_updated_timestamp: now,
          lifecycle_stage: "active",
          model_id: id,
          model_type: modelType,
          name,
          source_run_id: sourceRunId,
          status: STATUS_NUMBERS.PENDING,
          status_message: null,
        });
        writeFileSync(join(directory, META_FILE), meta);
        makeDirectory(join(directory, METRICS_DIRECTORY));
        makeDirectory(join(directory, PARAMS_DIRECTORY));
        this.#setTexts(directory, PARAMS_DIRECTORY, params);
        this.#setTexts(directory, TAGS_DIRECTORY, tags);
      });
    });
    // Ids are random: only a broken source of randomness comes here.
    if (!isNew) throw new TidemarkError("STORAGE_ERROR", `there is a ${place} already`);
    return this.#files.find(id).model;
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

  async addMetrics(modelId: string, runId: string, metrics: readonly Metric[]): Promise<void> {
    const { place } = this.#files.find(modelId);
    const { descriptors: cache, containment } = this.#store;
    const formatter = new LineFormatter();
    for (const { key, value, timestamp, step } of metrics) {
      const file = new MetricFile({ cache, containment, root: place }, join(place, METRICS_DIRECTORY, key));
      const [values, timestamps, steps] = [value, timestamp, step].map((number) => Float64Array.of(number)) as Columns;
      const slice = { values, timestamps, steps, positions: Uint32Array.of(0), from: 0, to: 1 };
      const { error } = file.append(formatter.format(slice, modelLineEnd({ key }, runId)), 1);
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
