import { newId, newRunName } from "../../base/ids.ts";
import { noSuchLoggedModel, noSuchTag } from "../../base/store-errors.ts";
import type { LoggedModelQuery, LoggedModelStore, MeasuredMetric } from "../../contract/logged-model-store.ts";
import type { Page } from "../../contract/tracking-store.ts";
import type { CreateLoggedModel, LoggedModel, LoggedModelStatus, ModelMetric } from "../../schema/model.ts";
import { searchLoggedModels } from "../../search/logged-models.ts";
import { inParallel } from "../parallel.ts";
import type { Background } from "./background.ts";
import { EntityIndex } from "./entity-index.ts";
import type { Experiments } from "./experiments.ts";
import type { HeadKind } from "./heads.ts";
import { isId, loggedModelIndex, loggedModelKey } from "./layout.ts";
import {
  type LoggedModelContent,
  type LoggedModelHead,
  loggedModelEntity,
  loggedModelHeadSchema,
  withMetrics,
} from "./logged-model-head.ts";
import type { S3Place } from "./s3-place.ts";
import { withoutKey, withTexts } from "./text-record.ts";

const PARALLEL_READS = 16;

/** Logged models as heads, with an index for those of each experiment. */
export class LoggedModels implements LoggedModelStore {
  readonly #place: S3Place;
  readonly #experiments: Experiments;
  readonly #background: Background;
  readonly #indexes = new Map<string, EntityIndex<LoggedModelHead>>();
  readonly #kind: HeadKind<LoggedModelHead>;

  constructor(place: S3Place, experiments: Experiments, background: Background) {
    this.#place = place;
    this.#experiments = experiments;
    this.#background = background;
    this.#kind = {
      schema: loggedModelHeadSchema,
      keyOf: loggedModelKey,
      announce: (id, { experimentId }, rev) => this.#indexOf(experimentId).announce(id, rev),
      onWritten: (_, { experimentId }) => this.#indexOf(experimentId).noteWrite(),
    };
  }

  async create(input: CreateLoggedModel): Promise<LoggedModel> {
    const { experimentId, name = newRunName(), sourceRunId, modelType, params = {}, tags = {} } = input;
    const { artifactLocation } = await this.#experiments.active(experimentId);
    const id = `m-${newId()}`;
    const now = Date.now();
    const content: LoggedModelContent = {
      id,
      name,
      experimentId,
      ...(sourceRunId === undefined ? {} : { sourceRunId }),
      ...(modelType === undefined ? {} : { modelType }),
      ...(artifactLocation === undefined
        ? {}
        : { artifactLocation: `${artifactLocation.replace(/\/+$/, "")}/models/${id}/artifacts` }),
      status: "PENDING",
      creationTime: now,
      lastUpdateTime: now,
      params: { ...params },
      tags: { ...tags },
      metrics: [],
    };
    await this.#place.heads.create(this.#kind, id, content);
    return loggedModelEntity(content, this.#place.uri);
  }

  async get(modelId: string): Promise<LoggedModel> {
    const isThere = isId(modelId) && (await this.#place.readable());
    const head = isThere ? await this.#place.heads.read(this.#kind, modelId) : undefined;
    if (head === undefined || head.isGone === true) throw noSuchLoggedModel(modelId, this.#place.uri);
    return loggedModelEntity(head, this.#place.uri);
  }

  async search(query: LoggedModelQuery): Promise<Page<LoggedModel>> {
    const ids = (await this.#place.readable()) ? [...new Set(query.experimentIds)].filter(isId) : [];
    const tasks = ids.map((id) => () => this.#indexOf(id).all());
    const heads = (await inParallel(tasks, PARALLEL_READS, undefined)).flat();
    return searchLoggedModels(
      heads.map((head) => loggedModelEntity(head, this.#place.uri)),
      query,
    );
  }

  async finalize(modelId: string, status: Exclude<LoggedModelStatus, "PENDING">): Promise<LoggedModel> {
    return loggedModelEntity(await this.#change(modelId, (head) => touched(head, { status })), this.#place.uri);
  }

  async delete(modelId: string): Promise<void> {
    await this.#change(modelId, (head) => touched(head, { isGone: true }));
  }

  async logParams(modelId: string, params: Readonly<Record<string, string>>): Promise<void> {
    await this.#change(modelId, (head) => touched(head, { params: withTexts(head.params, Object.entries(params)) }));
  }

  async addMetrics(modelId: string, runId: string, metrics: readonly MeasuredMetric[]): Promise<void> {
    const values = metrics.map((metric) => ({ ...metric, runId }));
    await this.#change(modelId, (head) => withMetrics(head, values));
  }

  /** The same for values that are being logged; false where there is no such model. */
  async tryAddMetrics(modelId: string, values: readonly ModelMetric[]): Promise<boolean> {
    const missing = noSuchLoggedModel(modelId, this.#place.uri);
    try {
      await this.#change(modelId, (head) => withMetrics(head, values), missing);
      return true;
    } catch (error) {
      if (error === missing) return false;
      throw error;
    }
  }

  async setTags(modelId: string, tags: Readonly<Record<string, string>>): Promise<void> {
    await this.#change(modelId, (head) => touched(head, { tags: withTexts(head.tags, Object.entries(tags)) }));
  }

  async deleteTag(modelId: string, key: string): Promise<void> {
    await this.#change(modelId, (head) => {
      if (!Object.hasOwn(head.tags, key)) throw noSuchTag(key, `logged model ${modelId}`);
      return touched(head, { tags: withoutKey(head.tags, key) });
    });
  }

  async #change(
    modelId: string,
    apply: (head: LoggedModelHead) => LoggedModelContent,
    missing = noSuchLoggedModel(modelId, this.#place.uri),
  ): Promise<LoggedModelHead> {
    if (!isId(modelId)) throw missing;
    const change = (head: LoggedModelHead) => {
      if (head.isGone === true) throw missing;
      return apply(head);
    };
    return await this.#place.heads.change(this.#kind, modelId, change, () => missing);
  }

  #indexOf(experimentId: string): EntityIndex<LoggedModelHead> {
    const known = this.#indexes.get(experimentId);
    if (known !== undefined) return known;
    const of = {
      schema: loggedModelHeadSchema,
      keyOf: loggedModelKey,
      isGone: ({ isGone }: LoggedModelHead) => isGone === true,
    };
    const index = new EntityIndex(this.#place.heads, loggedModelIndex(experimentId), of, this.#background);
    this.#indexes.set(experimentId, index);
    return index;
  }
}

const touched = (head: LoggedModelContent, changes: Partial<LoggedModelContent>): LoggedModelContent => ({
  ...head,
  ...changes,
  lastUpdateTime: Date.now(),
});
