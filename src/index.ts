/**
 * Experiment tracking in MLflow's own formats: runs with params, metrics, tags, datasets and files, from any JavaScript runtime.
 *
 * @packageDocumentation
 */
export type { Logger } from "./base/diagnostics.ts";
export { type ErrorCode, TidemarkError, type TidemarkErrorOptions } from "./base/errors.ts";
export { type BackendFactory, registerBackend } from "./connect/backends.ts";
export { connect } from "./connect/connect.ts";
export type { ArtifactInfo, ArtifactStore, TransferControl } from "./contract/artifact-store.ts";
export type { Backend } from "./contract/backend.ts";
export type { Page } from "./contract/tracking-store.ts";
export { type Configuration, configure } from "./fluent/configure.ts";
export { type StartRunOptions, startRun, withRun } from "./fluent/start-run.ts";
export type { FlushOptions } from "./queue/metric-queue.ts";
export type { QueueStats } from "./queue/queue-stats.ts";
export type { ProcessState } from "./queue/spool/owner.ts";
export type { Dataset, DatasetInput } from "./schema/dataset.ts";
export type { CreateExperiment, Experiment, LifecycleStage } from "./schema/experiment.ts";
export type { Metric, MetricHistory } from "./schema/metric.ts";
export type { CreateLoggedModel, LoggedModel, LoggedModelStatus, ModelMetric } from "./schema/model.ts";
export type { ModelInput, ModelOutput } from "./schema/model-link.ts";
export type { CreateModel, CreateVersion, ModelVersion, RegisteredModel, Stage } from "./schema/model-version.ts";
export type { Param, Tag } from "./schema/param.ts";
export type { CreateRun, RunEntity, RunStatus, UpdateRun } from "./schema/run.ts";
export { activeRun } from "./tracking/active-run.ts";
export type { TransferProgress } from "./tracking/artifact-transfers.ts";
export type {
  ArtifactPlace,
  ArtifactsClient,
  DownloadArtifact,
  ListArtifacts,
  UploadArtifact,
} from "./tracking/artifacts-client.ts";
export type { Client } from "./tracking/client.ts";
export { type DatasetData, type DatasetOptions, dataset } from "./tracking/dataset/dataset.ts";
export type { Row } from "./tracking/dataset/rows.ts";
export type { NestedNumbers, TensorData, TypedArray } from "./tracking/dataset/tensors.ts";
export type { ExperimentsClient, SearchExperiments, UpdateExperiment } from "./tracking/experiments-client.ts";
export type { LifeSign } from "./tracking/life/life-signs.ts";
export type { LifeSignsOptions, ReapOptions, StaleRun, StaleRunsOptions } from "./tracking/life/stale-runs.ts";
export type { LoggedModelsClient, SearchLoggedModels } from "./tracking/logged-models-client.ts";
export type { LogImageOptions } from "./tracking/media/log-image.ts";
export type { LoggableImage } from "./tracking/media/picture.ts";
export type { ImageTensor, Pixels } from "./tracking/media/pixels.ts";
export type { TableColumns, TableData } from "./tracking/media/table.ts";
export type { MetricHandle, MetricOptions } from "./tracking/metric-logger.ts";
export type { PagedList, PageOptions } from "./tracking/paged-list.ts";
export type { RegistryClient, SearchRegistry, VersionName } from "./tracking/registry-client.ts";
export type { MetricKeys, Run } from "./tracking/run.ts";
export type { EndOptions, LogInputOptions, OpenRunOptions, TransferOptions } from "./tracking/run-options.ts";
export type { LogBatch, LogInputs, LogOutputs, RunsClient, SearchRuns } from "./tracking/runs-client.ts";
