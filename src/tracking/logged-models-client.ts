import { z } from "zod";
import type { LoggedModelStore } from "../contract/logged-model-store.ts";
import { checkArgument } from "../schema/check.ts";
import { experimentIdSchema } from "../schema/experiment.ts";
import { type Metric, metricSchema } from "../schema/metric.ts";
import {
  type CreateLoggedModel,
  createLoggedModelSchema,
  type LoggedModel,
  loggedModelTagsSchema,
  modelParamsSchema,
} from "../schema/model.ts";
import { modelIdSchema } from "../schema/model-link.ts";
import { runIdSchema } from "../schema/run.ts";
import { keyOf } from "../schema/text.ts";
import { defined } from "./defined.ts";
import { PagedList } from "./paged-list.ts";

const datasetName = z.string().min(1, { error: "is empty" });
const orderSchema = z
  .strictObject({
    /** `metrics.<key>`, or an attribute such as `name` or `creation_timestamp`. */
    fieldName: z.string().min(1, { error: "is empty" }),
    /** Default true. */
    ascending: z.boolean().optional(),
    /** Only the metric's values on this dataset count. */
    datasetName: datasetName.optional(),
    datasetDigest: z.string().optional(),
  })
  .transform(defined);
const datasetSchema = z.strictObject({ datasetName, datasetDigest: z.string().optional() }).transform(defined);

const searchLoggedModelsSchema = z.strictObject({
  /** At least one. */
  experimentIds: z.array(experimentIdSchema).min(1),
  /** MLflow's grammar: `metrics.accuracy > 0.9 AND params.depth = '4'`. */
  filter: z.string().optional(),
  /** Only metrics on these datasets count; without a metric in the filter, models that have any. */
  datasets: z.array(datasetSchema).optional(),
  /** Default: newest first. */
  orderBy: z.array(orderSchema).optional(),
  maxResults: z.number().optional(),
  pageToken: z.string().optional(),
});
/** What `client.loggedModels.search` takes. @interface */
export type SearchLoggedModels = z.input<typeof searchLoggedModelsSchema>;

const modelId = modelIdSchema;
const finalizeSchema = z.strictObject({ modelId, status: z.enum(["READY", "FAILED"]) });
const logParamsSchema = z.strictObject({ modelId, params: modelParamsSchema });
const addMetricsSchema = z.strictObject({ modelId, runId: runIdSchema, metrics: z.array(metricSchema) });
const setTagsSchema = z.strictObject({ modelId, tags: loggedModelTagsSchema });
const deleteTagSchema = z.strictObject({ modelId, key: keyOf("tag") });

/** `client.loggedModels`: models that runs have produced, before any of them is registered under a name. */
export class LoggedModelsClient {
  readonly #store: LoggedModelStore;

  /** @internal */
  constructor(store: LoggedModelStore) {
    this.#store = store;
  }

  /** Creates a model, PENDING until {@link finalize}. Values are measured on it by `run.logMetric(key, value, { model })`. */
  async create(input: CreateLoggedModel): Promise<LoggedModel> {
    return await this.#store.create(checkArgument("model", createLoggedModelSchema, input));
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, also where it is deleted */
  async get(id: string): Promise<LoggedModel> {
    return await this.#store.get(checkArgument("modelId", modelIdSchema, id));
  }

  /** Models of some experiments that match. */
  search(query: SearchLoggedModels): PagedList<LoggedModel> {
    const { maxResults, pageToken, ...what } = checkArgument("query", searchLoggedModelsSchema, query);
    const paging = { maxResults, pageToken };
    return new PagedList((request) => this.#store.search({ ...request, ...defined(what) }), paging);
  }

  /** Says that the model's files are all there, or will never be. */
  async finalize(input: { modelId: string; status: "READY" | "FAILED" }): Promise<LoggedModel> {
    const checked = checkArgument("finalize", finalizeSchema, input);
    return await this.#store.finalize(checked.modelId, checked.status);
  }

  /** Marks a model as deleted: nothing finds it any more. */
  async delete(id: string): Promise<void> {
    await this.#store.delete(checkArgument("modelId", modelIdSchema, id));
  }

  /** Sets params; unlike those of a run they may change. */
  async logParams(input: { modelId: string; params: Readonly<Record<string, string>> }): Promise<void> {
    const checked = checkArgument("params", logParamsSchema, input);
    await this.#store.logParams(checked.modelId, checked.params);
  }

  /**
   * Says of values that a run has logged that they were measured on the model. In the run's history they stay as they are, once; only servers
   * that keep runs in files write them there again.
   */
  async addMetrics(input: { modelId: string; runId: string; metrics: readonly Metric[] }): Promise<void> {
    const checked = checkArgument("metrics", addMetricsSchema, input);
    await this.#store.addMetrics(checked.modelId, checked.runId, checked.metrics);
  }

  /** Sets tags; the last value wins. */
  async setTags(input: { modelId: string; tags: Readonly<Record<string, string>> }): Promise<void> {
    const checked = checkArgument("tags", setTagsSchema, input);
    await this.#store.setTags(checked.modelId, checked.tags);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where the model has no such tag */
  async deleteTag(input: { modelId: string; key: string }): Promise<void> {
    const checked = checkArgument("tag", deleteTagSchema, input);
    await this.#store.deleteTag(checked.modelId, checked.key);
  }
}
