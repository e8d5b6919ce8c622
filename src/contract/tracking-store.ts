import type { CreateExperiment, Experiment } from "../schema/experiment.ts";
import type { MetricHistory } from "../schema/metric.ts";
import type { CreateRun, RunEntity, UpdateRun } from "../schema/run.ts";
import type { MetricSink } from "./metric-sink.ts";

/** One page of a list. The token is opaque; absent on the last page. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

/** Which entities a list shows. */
export type ViewType = "active" | "deleted" | "all";

/** Where a list starts and how long a page is. */
export interface PageRequest {
  readonly maxResults: number;
  readonly pageToken?: string;
}

/** Which experiments; newest first. */
export interface ExperimentQuery extends PageRequest {
  readonly viewType: ViewType;
}

/** Which runs; newest first, then by id. */
export interface RunQuery extends PageRequest {
  readonly experimentIds: readonly string[];
  readonly viewType: ViewType;
}

/**
 * Experiments, runs and what they hold. Arguments are checked before they come here. A missing entity is
 * `RESOURCE_DOES_NOT_EXIST`, an existing name `RESOURCE_ALREADY_EXISTS`, writing to a deleted run `INVALID_STATE`.
 */
export interface TrackingStore {
  /** Answers the id. Many processes may create one name at once: one succeeds. */
  createExperiment(input: CreateExperiment): Promise<string>;
  getExperiment(experimentId: string): Promise<Experiment>;
  /** Deleted ones included: their names are taken. */
  getExperimentByName(name: string): Promise<Experiment | undefined>;
  listExperiments(query: ExperimentQuery): Promise<Page<Experiment>>;

  createRun(input: CreateRun): Promise<RunEntity>;
  getRun(runId: string): Promise<RunEntity>;
  listRuns(query: RunQuery): Promise<Page<RunEntity>>;
  updateRun(update: UpdateRun): Promise<void>;
  /** The same without waiting, for the end of a process, where nothing asynchronous runs any more. */
  updateRunSync?(update: UpdateRun): void;
  /** `RESOURCE_DOES_NOT_EXIST` only where the run is missing: a run without this metric has an empty history. */
  metricHistory(runId: string, key: string): Promise<MetricHistory>;
  deleteTag(runId: string, key: string): Promise<void>;

  openSink(runId: string): Promise<MetricSink>;
}
