import { newId, newRunName } from "../base/ids.ts";
import { isLaterPoint } from "../base/point-order.ts";
import { experimentDeleted, idTaken, noSuchLoggedModel, noSuchTag } from "../base/store-errors.ts";
import type { ImportedLoggedModel } from "../contract/importer.ts";
import type { LoggedModelQuery, LoggedModelStore, MeasuredMetric } from "../contract/logged-model-store.ts";
import type { Page } from "../contract/tracking-store.ts";
import type { Experiment } from "../schema/experiment.ts";
import {
  byMetric,
  type CreateLoggedModel,
  type LoggedModel,
  type LoggedModelStatus,
  type ModelMetric,
} from "../schema/model.ts";
import { searchLoggedModels } from "../search/logged-models.ts";
import { URI } from "./memory-uri.ts";

/** Logged models in a map. */
export class MemoryLoggedModelStore implements LoggedModelStore {
  readonly #models = new Map<string, LoggedModel>();
  readonly #experimentOf: (experimentId: string) => Experiment;

  constructor(experimentOf: (experimentId: string) => Experiment) {
    this.#experimentOf = experimentOf;
  }

  async create(input: CreateLoggedModel): Promise<LoggedModel> {
    const { experimentId, name = newRunName(), params = {}, tags = {}, ...rest } = input;
    const experiment = this.#experimentOf(experimentId);
    if (experiment.lifecycleStage === "deleted") throw experimentDeleted(experimentId);
    const id = `m-${newId()}`;
    const now = Date.now();
    const model: LoggedModel = {
      id,
      name,
      experimentId,
      ...rest,
      artifactLocation: `${experiment.artifactLocation}/models/${id}/artifacts`,
      status: "PENDING",
      creationTime: now,
      lastUpdateTime: now,
      params,
      tags,
      metrics: [],
    };
    this.#models.set(id, model);
    return model;
  }

  import(model: ImportedLoggedModel): string {
    const { artifactLocation, lifecycleStage } = this.#experimentOf(model.experimentId);
    if (lifecycleStage === "deleted") throw experimentDeleted(model.experimentId);
    if (this.#models.has(model.id)) throw idTaken("logged model", model.id, URI);
    const imported = { ...model, artifactLocation: `${artifactLocation}/models/${model.id}/artifacts` };
    this.#models.set(model.id, imported);
    return imported.artifactLocation;
  }

  async get(modelId: string): Promise<LoggedModel> {
    return this.#find(modelId);
  }

  async search(query: LoggedModelQuery): Promise<Page<LoggedModel>> {
    const models = [...this.#models.values()].filter(({ experimentId }) => query.experimentIds.includes(experimentId));
    return searchLoggedModels(models, query);
  }

  async finalize(modelId: string, status: Exclude<LoggedModelStatus, "PENDING">): Promise<LoggedModel> {
    return this.#change(modelId, { status });
  }

  async delete(modelId: string): Promise<void> {
    this.#find(modelId);
    this.#models.delete(modelId);
  }

  async logParams(modelId: string, params: Readonly<Record<string, string>>): Promise<void> {
    this.#change(modelId, { params: merged(this.#find(modelId).params, params) });
  }

  async addMetrics(modelId: string, runId: string, metrics: readonly MeasuredMetric[]): Promise<void> {
    for (const metric of metrics) this.addMetric(modelId, { ...metric, runId });
  }

  async setTags(modelId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    this.#change(modelId, { tags: merged(this.#find(modelId).tags, tags) });
  }

  async deleteTag(modelId: string, key: string): Promise<void> {
    const { tags } = this.#find(modelId);
    if (!Object.hasOwn(tags, key)) throw noSuchTag(key, `logged model ${modelId}`);
    this.#change(modelId, { tags: Object.fromEntries(Object.entries(tags).filter(([name]) => name !== key)) });
  }

  /** All of an experiment. */
  of(experimentId: string): LoggedModel[] {
    return [...this.#models.values()].filter((model) => model.experimentId === experimentId);
  }

  has(modelId: string): boolean {
    return this.#models.has(modelId);
  }

  /** Takes a value a run has measured on a model: the latest of each metric and dataset is kept. */
  addMetric(modelId: string, metric: ModelMetric): void {
    const { metrics } = this.#find(modelId);
    const isOther = ({ key, datasetName, datasetDigest }: ModelMetric) =>
      key !== metric.key || datasetName !== metric.datasetName || datasetDigest !== metric.datasetDigest;
    const known = metrics.find((other) => !isOther(other));
    if (known !== undefined && !isLaterPoint(metric, known)) return;
    this.#change(modelId, { metrics: [...metrics.filter(isOther), metric].sort(byMetric) });
  }

  #find(modelId: string): LoggedModel {
    const model = this.#models.get(modelId);
    if (model === undefined) throw noSuchLoggedModel(modelId, URI);
    return model;
  }

  #change(modelId: string, changes: Partial<LoggedModel>): LoggedModel {
    const changed = { ...this.#find(modelId), ...changes, lastUpdateTime: Date.now() };
    this.#models.set(modelId, changed);
    return changed;
  }
}

/** Entries, not assignments, so that "__proto__" is a key like any other. */
const merged = (texts: Readonly<Record<string, string>>, more: Readonly<Record<string, string>>) =>
  Object.fromEntries([...Object.entries(texts), ...Object.entries(more)]);
