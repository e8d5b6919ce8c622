import type { CreateExperiment, Experiment } from "../schema/experiment.ts";
import type { MetricHistory } from "../schema/metric.ts";
import type { ModelInput, ModelOutput } from "../schema/model-link.ts";
import type { Tag } from "../schema/param.ts";
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

/** What entities must be like and how they are ordered, in MLflow's grammar (`search/` reads it). */
export interface SearchQuery extends PageRequest {
  readonly filter?: string;
  readonly orderBy?: readonly string[];
}

/** Which experiments; where no order is asked for, newest first. */
export interface ExperimentQuery extends SearchQuery {
  readonly viewType: ViewType;
}

/** Which runs; what the order leaves equal, newest first, then by id. */
export interface RunQuery extends SearchQuery {
  readonly experimentIds: readonly string[];
  readonly viewType: ViewType;
}

/** What a store on local disk or in memory can do without waiting: enough to open a run for a training that has begun already. */
export interface SyncTrackingStore {
  createExperiment(input: CreateExperiment): string;
  getExperiment(experimentId: string): Experiment;
  getExperimentByName(name: string): Experiment | undefined;
  createRun(input: CreateRun): RunEntity;
  openSink(runId: string): MetricSink;
}

/** A mark as it is listed. */
export interface RunMark {
  readonly name: string;
  /** When it was made, in milliseconds since 1970. */
  readonly time: number;
}

/**
 * How far back a run is taken: to a mark; or, of some keys, to before a step. Of a key without a step all values stay.
 */
export type RewindTarget = { readonly mark: string } | { readonly steps: ReadonlyMap<string, number> };

/**
 * Experiments, runs and what they hold. Arguments are checked before they come here. A missing entity is
 * `RESOURCE_DOES_NOT_EXIST`, an existing name `RESOURCE_ALREADY_EXISTS`, writing to a deleted run or experiment `INVALID_STATE`.
 */
export interface TrackingStore {
  /** Answers the id. Many processes may create one name at once: one succeeds. */
  createExperiment(input: CreateExperiment): Promise<string>;
  getExperiment(experimentId: string): Promise<Experiment>;
  /** Deleted ones included: their names are taken. */
  getExperimentByName(name: string): Promise<Experiment | undefined>;
  searchExperiments(query: ExperimentQuery): Promise<Page<Experiment>>;
  renameExperiment(experimentId: string, name: string): Promise<void>;
  /** Its runs are deleted with it, and restored with it. The default experiment stays: `INVALID_PARAMETER_VALUE`. */
  deleteExperiment(experimentId: string): Promise<void>;
  restoreExperiment(experimentId: string): Promise<void>;
  setExperimentTag(experimentId: string, tag: Tag): Promise<void>;
  deleteExperimentTag(experimentId: string, key: string): Promise<void>;

  createRun(input: CreateRun): Promise<RunEntity>;
  getRun(runId: string): Promise<RunEntity>;
  searchRuns(query: RunQuery): Promise<Page<RunEntity>>;
  updateRun(update: UpdateRun): Promise<void>;
  /** The same without waiting, for the end of a process, where nothing asynchronous runs any more. */
  updateRunSync?(update: UpdateRun): void;
  /**
   * When each of these runs was written last: values, params, tags, files, by the clock of the backend, in milliseconds since 1970; 0 for
   * one that is not there. Absent where the backend does not keep that.
   */
  lastWrites?(runs: readonly RunEntity[]): Promise<readonly number[]>;
  /** Ends a run that is RUNNING as KILLED, with a tag that says by whom. False where it is not RUNNING any more: then nothing is changed. */
  reapRun?(runId: string, reaped: { readonly endTime: number; readonly tag: Tag }): Promise<boolean>;
  /**
   * Undoes that: a run that is KILLED and has the tag is RUNNING again, without it. False for any other, which stays as it is. Stores on
   * local disk are done when the call returns, because whoever logs may not let the event loop turn.
   */
  reviveRun?(runId: string, tagKey: string): Promise<boolean>;
  /** A deleted run can be read and restored. Deleting or restoring once more changes nothing. */
  deleteRun(runId: string): Promise<void>;
  restoreRun(runId: string): Promise<void>;
  /** `RESOURCE_DOES_NOT_EXIST` only where the run is missing: a run without this metric has an empty history. */
  metricHistory(runId: string, key: string): Promise<MetricHistory>;
  deleteTag(runId: string, key: string): Promise<void>;
  /** A model is used once, and produced once: what is linked already stays as it is. Whether there is such a model is not looked at. */
  logModelInputs(runId: string, models: readonly ModelInput[]): Promise<void>;
  logModelOutputs(runId: string, models: readonly ModelOutput[]): Promise<void>;

  openSink(runId: string): Promise<MetricSink>;

  /**
   * Drops what a run has logged behind a mark, or from a step on: values of metrics, nothing else. All of it or nothing, whenever the process is
   * killed. Marks behind the one that it goes back to are dropped too; going back to steps leaves them all, for what stays.
   *
   * A missing mark is `RESOURCE_DOES_NOT_EXIST`, a run that is being written `INVALID_STATE`, as far as that is known.
   * Absent where values cannot be taken back: then whoever rewinds makes another run of what is kept.
   */
  rewind?(runId: string, to: RewindTarget): Promise<void>;
  /** The marks of a run, oldest first. There where `rewind` is. */
  marks?(runId: string): Promise<readonly RunMark[]>;

  /** Absent where it takes waiting. */
  readonly sync?: SyncTrackingStore;
}
