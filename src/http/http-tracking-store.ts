import { z } from "zod";
import { TidemarkError } from "../base/errors.ts";
import { DEFAULT_EXPERIMENT_ID } from "../base/experiment-ids.ts";
import { newRunName } from "../base/ids.ts";
import { defaultExperimentStays, experimentDeleted, experimentNameTaken, runDeleted } from "../base/store-errors.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type {
  ExperimentQuery,
  Page,
  RunQuery,
  SearchQuery,
  TrackingStore,
  ViewType,
} from "../contract/tracking-store.ts";
import type { CreateExperiment, Experiment } from "../schema/experiment.ts";
import { RUN_NAME_TAG } from "../schema/known-tags.ts";
import type { MetricHistory } from "../schema/metric.ts";
import type { ModelInput, ModelOutput } from "../schema/model-link.ts";
import type { Tag } from "../schema/param.ts";
import type { CreateRun, RunEntity, UpdateRun } from "../schema/run.ts";
import { EXPERIMENT_VOCABULARY, RUN_VOCABULARY } from "../search/vocabulary.ts";
import { experimentAnswer, fieldAnswer, pageAnswer, runAnswer } from "./answers.ts";
import { HttpMetricSink } from "./http-metric-sink.ts";
import { readHistory } from "./metric-history.ts";
import { placeError } from "./place-error.ts";
import type { RestClient } from "./rest-client.ts";
import { API, pairsOf } from "./routes.ts";
import type { RunIds } from "./run-ids.ts";

const VIEW_TYPES: Readonly<Record<ViewType, string>> = { active: "ACTIVE_ONLY", deleted: "DELETED_ONLY", all: "ALL" };

const experimentOf = fieldAnswer("experiment", experimentAnswer);
const runOf = fieldAnswer("run", runAnswer);
const experimentPage = pageAnswer("experiments", experimentAnswer);
const runPage = pageAnswer("runs", runAnswer);
const createdExperiment = fieldAnswer("experiment_id", z.string());

/** MLflow writes runs of clients that don't say whose they are under this name. */
const UNKNOWN_USER = "unknown";

/** Experiments and runs at an MLflow server. */
export class HttpTrackingStore implements TrackingStore {
  readonly #rest: RestClient;
  readonly #runIds: RunIds;

  constructor(rest: RestClient, runIds: RunIds) {
    this.#rest = rest;
    this.#runIds = runIds;
  }

  async createExperiment({ name, artifactLocation, tags }: CreateExperiment): Promise<string> {
    const body = { name, artifact_location: artifactLocation, tags: pairsOf(tags) };
    return await this.#rest.call({ method: "POST", path: `${API}/experiments/create`, body }, createdExperiment);
  }

  async getExperiment(experimentId: string): Promise<Experiment> {
    const query = { experiment_id: experimentId };
    return await this.#rest.call({ method: "GET", path: `${API}/experiments/get`, query }, experimentOf);
  }

  async getExperimentByName(name: string): Promise<Experiment | undefined> {
    const query = { experiment_name: name };
    try {
      return await this.#rest.call({ method: "GET", path: `${API}/experiments/get-by-name`, query }, experimentOf);
    } catch (error) {
      if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return undefined;
      throw error;
    }
  }

  async searchExperiments({ viewType, ...query }: ExperimentQuery): Promise<Page<Experiment>> {
    const body = { view_type: VIEW_TYPES[viewType], ...searchBody(query) };
    const call = { method: "POST", path: `${API}/experiments/search`, body, isRepeatable: true } as const;
    return await placeError(query, EXPERIMENT_VOCABULARY, () => this.#rest.call(call, experimentPage));
  }

  async renameExperiment(experimentId: string, name: string): Promise<void> {
    try {
      await this.#change(experimentId, "update", { new_name: name });
    } catch (error) {
      // What the server's database says of a name that is taken depends on the database.
      const owner = await this.getExperimentByName(name);
      throw owner === undefined || owner.id === experimentId ? error : experimentNameTaken(owner);
    }
  }

  async deleteExperiment(experimentId: string): Promise<void> {
    // SQL stores would let it go, and then nothing without an experiment of its own can be logged.
    if (experimentId === DEFAULT_EXPERIMENT_ID) throw defaultExperimentStays();
    await this.#change(experimentId, "delete", {});
  }

  async restoreExperiment(experimentId: string): Promise<void> {
    await this.#post("experiments/restore", { experiment_id: experimentId }, false);
  }

  async setExperimentTag(experimentId: string, tag: Tag): Promise<void> {
    await this.#change(experimentId, "set-experiment-tag", tag);
  }

  async deleteExperimentTag(experimentId: string, key: string): Promise<void> {
    await this.#change(experimentId, "delete-experiment-tag", { key });
  }

  async createRun(input: CreateRun): Promise<RunEntity> {
    const body = {
      experiment_id: input.experimentId,
      start_time: input.startTime ?? Date.now(),
      user_id: input.userId ?? UNKNOWN_USER,
      run_name: input.name ?? input.tags?.[RUN_NAME_TAG] ?? newRunName(),
      tags: pairsOf(input.tags),
    };
    return await this.#rest.call({ method: "POST", path: `${API}/runs/create`, body }, runOf);
  }

  async getRun(runId: string): Promise<RunEntity> {
    const query = { run_id: await this.#runIds.resolve(runId) };
    return await this.#rest.call({ method: "GET", path: `${API}/runs/get`, query }, runOf);
  }

  async searchRuns({ experimentIds, viewType, ...query }: RunQuery): Promise<Page<RunEntity>> {
    const body = { experiment_ids: experimentIds, run_view_type: VIEW_TYPES[viewType], ...searchBody(query) };
    const call = { method: "POST", path: `${API}/runs/search`, body, isRepeatable: true } as const;
    return await placeError(query, RUN_VOCABULARY, () => this.#rest.call(call, runPage));
  }

  async updateRun({ runId, name, status, endTime }: UpdateRun): Promise<void> {
    const body = { run_id: await this.#runIds.resolve(runId), run_name: name, status, end_time: endTime };
    await this.#post("runs/update", body);
  }

  async deleteRun(runId: string): Promise<void> {
    await this.#post("runs/delete", { run_id: await this.#runIds.resolve(runId) });
  }

  async restoreRun(runId: string): Promise<void> {
    await this.#post("runs/restore", { run_id: await this.#runIds.resolve(runId) });
  }

  async metricHistory(runId: string, key: string): Promise<MetricHistory> {
    const history = await readHistory(this.#rest, await this.#runIds.resolve(runId), key);
    // Of a run that is missing the server answers an empty history.
    if (history.steps.length === 0) await this.getRun(runId);
    return history;
  }

  async deleteTag(runId: string, key: string): Promise<void> {
    await this.#post("runs/delete-tag", { run_id: await this.#runIds.resolve(runId), key }, false);
  }

  async logModelInputs(runId: string, models: readonly ModelInput[]): Promise<void> {
    const { id, modelInputs } = await this.getRun(runId);
    const fresh = unlinked(models, modelInputs).map(({ modelId }) => ({ model_id: modelId }));
    await this.#post("runs/log-inputs", { run_id: id, models: fresh }, false);
  }

  async logModelOutputs(runId: string, models: readonly ModelOutput[]): Promise<void> {
    const { id, modelOutputs } = await this.getRun(runId);
    const fresh = unlinked(models, modelOutputs).map(({ modelId, step }) => ({ model_id: modelId, step }));
    await this.#post("runs/outputs", { run_id: id, models: fresh }, false);
  }

  async openSink(runId: string): Promise<MetricSink> {
    const { id, lifecycleStage } = await this.getRun(runId);
    if (lifecycleStage === "deleted") throw runDeleted(runId);
    return new HttpMetricSink(this.#rest, id);
  }

  /** A server answers of a deleted experiment that it is not there. */
  async #change(experimentId: string, route: string, fields: object): Promise<void> {
    const isRepeatable = !route.startsWith("delete");
    try {
      await this.#post(`experiments/${route}`, { experiment_id: experimentId, ...fields }, isRepeatable);
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
      const { lifecycleStage } = await this.getExperiment(experimentId);
      throw lifecycleStage === "deleted" ? experimentDeleted(experimentId) : error;
    }
  }

  async #post(route: string, body: object, isRepeatable = true): Promise<void> {
    await this.#rest.run({ method: "POST", path: `${API}/${route}`, body, isRepeatable });
  }
}

/** SQL stores refuse a link that is there. */
const unlinked = <T extends ModelInput>(models: readonly T[], linked: readonly ModelInput[]): T[] =>
  models.filter(({ modelId }) => !linked.some((link) => link.modelId === modelId));

const searchBody = ({ filter, orderBy, maxResults, pageToken }: SearchQuery) => ({
  filter,
  order_by: orderBy,
  max_results: maxResults,
  page_token: pageToken,
});
