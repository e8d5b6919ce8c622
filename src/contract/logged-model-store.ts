import type { CreateLoggedModel, LoggedModel, LoggedModelStatus, ModelMetric } from "../schema/model.ts";
import type { Page, PageRequest } from "./tracking-store.ts";

/** A dataset that metrics were measured on; without a digest, any with the name. */
export interface DatasetRef {
  readonly datasetName: string;
  readonly datasetDigest?: string;
}

/** A value that was measured on a logged model, on one dataset where that is given. */
export type MeasuredMetric = Omit<ModelMetric, "runId">;

/** One thing logged models are ordered by: an attribute, or `metrics.<key>`, on one dataset where that is given. */
export interface LoggedModelOrder extends Partial<DatasetRef> {
  readonly fieldName: string;
  /** Default true. */
  readonly ascending?: boolean;
}

/** Which logged models; where no order is asked for, newest first. */
export interface LoggedModelQuery extends PageRequest {
  readonly experimentIds: readonly string[];
  readonly filter?: string;
  /** Only metrics on these count; without a metric in the filter, models that have any. */
  readonly datasets?: readonly DatasetRef[];
  readonly orderBy?: readonly LoggedModelOrder[];
}

/** Models that runs have produced, before any of them is registered under a name. A deleted one is not there any more. */
export interface LoggedModelStore {
  create(input: CreateLoggedModel): Promise<LoggedModel>;
  get(modelId: string): Promise<LoggedModel>;
  search(query: LoggedModelQuery): Promise<Page<LoggedModel>>;
  finalize(modelId: string, status: Exclude<LoggedModelStatus, "PENDING">): Promise<LoggedModel>;
  delete(modelId: string): Promise<void>;
  logParams(modelId: string, params: Readonly<Record<string, string>>): Promise<void>;
  /**
   * Says of values that a run has logged already that they were measured on the model. They are not logged once more in the run's history,
   * unless the backend knows no other way.
   */
  addMetrics(modelId: string, runId: string, metrics: readonly MeasuredMetric[]): Promise<void>;
  setTags(modelId: string, tags: Readonly<Record<string, string>>): Promise<void>;
  deleteTag(modelId: string, key: string): Promise<void>;
}
