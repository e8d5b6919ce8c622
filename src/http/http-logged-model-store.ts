import { noSuchLoggedModel } from "../base/store-errors.ts";
import type { LoggedModelQuery, LoggedModelStore, MeasuredMetric } from "../contract/logged-model-store.ts";
import type { Page } from "../contract/tracking-store.ts";
import type { CreateLoggedModel, LoggedModel, LoggedModelStatus } from "../schema/model.ts";
import { modelIdSchema } from "../schema/model-link.ts";
import { LOGGED_MODEL_VOCABULARY } from "../search/vocabulary.ts";
import { fieldAnswer, loggedModelAnswer, pageAnswer } from "./answers.ts";
import { logBatchParts, SeriesPrefixes } from "./log-batch.ts";
import { placeError } from "./place-error.ts";
import type { RestClient } from "./rest-client.ts";
import { API, pairsOf } from "./routes.ts";
import type { RunIds } from "./run-ids.ts";

const modelOf = fieldAnswer("model", loggedModelAnswer);
const modelPage = pageAnswer("models", loggedModelAnswer);

const STATUSES: Readonly<Record<Exclude<LoggedModelStatus, "PENDING">, string>> = {
  READY: "LOGGED_MODEL_READY",
  FAILED: "LOGGED_MODEL_UPLOAD_FAILED",
};

const MODELS = `${API}/logged-models`;

/** Logged models at an MLflow server. */
export class HttpLoggedModelStore implements LoggedModelStore {
  readonly #rest: RestClient;
  readonly #runIds: RunIds;

  constructor(rest: RestClient, runIds: RunIds) {
    this.#rest = rest;
    this.#runIds = runIds;
  }

  async create({ experimentId, name, sourceRunId, modelType, params, tags }: CreateLoggedModel): Promise<LoggedModel> {
    const body = {
      experiment_id: experimentId,
      name,
      source_run_id: sourceRunId === undefined ? undefined : await this.#runIds.resolve(sourceRunId),
      model_type: modelType,
      params: pairsOf(params),
      tags: pairsOf(tags),
    };
    return await this.#rest.call({ method: "POST", path: MODELS, body }, modelOf);
  }

  async get(modelId: string): Promise<LoggedModel> {
    return await this.#rest.call({ method: "GET", path: this.#pathOf(modelId) }, modelOf);
  }

  async search({
    experimentIds,
    filter,
    datasets,
    orderBy,
    maxResults,
    pageToken,
  }: LoggedModelQuery): Promise<Page<LoggedModel>> {
    const body = {
      experiment_ids: experimentIds,
      filter,
      datasets: datasets?.map(onDataset),
      order_by: orderBy?.map(({ fieldName, ascending, ...dataset }) => ({
        field_name: fieldName,
        ascending,
        ...onDataset(dataset),
      })),
      max_results: maxResults,
      page_token: pageToken,
    };
    const call = { method: "POST", path: `${MODELS}/search`, body, isRepeatable: true } as const;
    return await placeError({ filter }, LOGGED_MODEL_VOCABULARY, () => this.#rest.call(call, modelPage));
  }

  async finalize(modelId: string, status: Exclude<LoggedModelStatus, "PENDING">): Promise<LoggedModel> {
    // The id is wanted in the path and in the body.
    const body = { model_id: modelId, status: STATUSES[status] };
    return await this.#rest.call({ method: "PATCH", path: this.#pathOf(modelId), body }, modelOf);
  }

  async delete(modelId: string): Promise<void> {
    await this.#rest.run({ method: "DELETE", path: this.#pathOf(modelId) });
  }

  async logParams(modelId: string, params: Readonly<Record<string, string>>): Promise<void> {
    const body = { model_id: modelId, params: pairsOf(params) };
    await this.#rest.run({ method: "POST", path: `${this.#pathOf(modelId)}/params`, body });
  }

  async addMetrics(modelId: string, runId: string, metrics: readonly MeasuredMetric[]): Promise<void> {
    const batch = {
      series: metrics.map((metric) => measuredSeries(modelId, metric)),
      metrics: {
        length: metrics.length,
        seriesIds: Uint32Array.from(metrics.keys()),
        values: Float64Array.from(metrics, ({ value }) => value),
        timestamps: Float64Array.from(metrics, ({ timestamp }) => timestamp),
        steps: Float64Array.from(metrics, ({ step }) => step),
      },
      params: [],
      tags: [],
      inputs: [],
    };
    const run = await this.#runIds.resolve(runId);
    for (const { body } of logBatchParts(run, batch, new SeriesPrefixes())) {
      // The server's database takes what it has already as what it is.
      await this.#rest.run({ method: "POST", path: `${API}/runs/log-batch`, body, isRepeatable: true });
    }
  }

  async setTags(modelId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    const body = { model_id: modelId, tags: pairsOf(tags) };
    await this.#rest.run({ method: "PATCH", path: `${this.#pathOf(modelId)}/tags`, body });
  }

  async deleteTag(modelId: string, key: string): Promise<void> {
    const body = { model_id: modelId, tag_key: key };
    await this.#rest.run({ method: "DELETE", path: `${this.#pathOf(modelId)}/tags/${encodeURIComponent(key)}`, body });
  }

  /** What is no id is not sent: in a path it could lead elsewhere. */
  #pathOf(modelId: string): string {
    if (!modelIdSchema.safeParse(modelId).success) throw noSuchLoggedModel(modelId, this.#rest.base);
    return `${MODELS}/${modelId}`;
  }
}

const measuredSeries = (modelId: string, { key, datasetName, datasetDigest }: MeasuredMetric) => ({
  key,
  modelId,
  ...(datasetName === undefined ? {} : { dataset: { name: datasetName, digest: datasetDigest ?? "" } }),
});

const onDataset = ({
  datasetName,
  datasetDigest,
}: {
  readonly datasetName?: string | undefined;
  readonly datasetDigest?: string | undefined;
}) => ({ dataset_name: datasetName, dataset_digest: datasetDigest });
