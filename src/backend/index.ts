export type { BackendDifferences } from "../../test/contract/differences.ts";
export { backendContract, type ContractTest } from "../../test/contract/suite.ts";
export { type ErrorCode, TidemarkError, type TidemarkErrorOptions } from "../base/errors.ts";
export type { KeyKind } from "../base/key-rules.ts";
export { checkRelativePath } from "../base/paths.ts";
export type { RetryPolicy } from "../base/retry-schedule.ts";
export {
  cannotArchive,
  defaultExperimentStays,
  experimentDeleted,
  experimentNameTaken,
  idTaken,
  modelNameTaken,
  noSuchAlias,
  noSuchArtifact,
  noSuchDeletedExperiment,
  noSuchExperiment,
  noSuchLoggedModel,
  noSuchModel,
  noSuchRun,
  noSuchTag,
  noSuchVersion,
  paramChanged,
  runDeleted,
  transferCancelled,
} from "../base/store-errors.ts";
export type { ArtifactInfo, ArtifactStore, TransferControl } from "../contract/artifact-store.ts";
export type { Backend } from "../contract/backend.ts";
export type { Batch, BatchPositions, MetricColumns, Series } from "../contract/batch.ts";
export type {
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedRun,
  ImportedVersion,
  Importer,
} from "../contract/importer.ts";
export type {
  DatasetRef,
  LoggedModelOrder,
  LoggedModelQuery,
  LoggedModelStore,
  MeasuredMetric,
} from "../contract/logged-model-store.ts";
export type { AsyncMetricSink, MetricSink, SinkBase, SinkLimits, SyncMetricSink } from "../contract/metric-sink.ts";
export { OK, type Outcome } from "../contract/outcome.ts";
export type { RegistryStore, VersionRef } from "../contract/registry-store.ts";
export type { RemoteAccess } from "../contract/remote-access.ts";
export type {
  ExperimentQuery,
  Page,
  PageRequest,
  RunQuery,
  SearchQuery,
  SyncTrackingStore,
  TrackingStore,
  ViewType,
} from "../contract/tracking-store.ts";
export type { Dataset, DatasetInput } from "../schema/dataset.ts";
export type { CreateExperiment, Experiment, LifecycleStage } from "../schema/experiment.ts";
export type { Metric, MetricHistory } from "../schema/metric.ts";
export type { CreateLoggedModel, LoggedModel, LoggedModelStatus, ModelMetric } from "../schema/model.ts";
export type { ModelInput, ModelOutput } from "../schema/model-link.ts";
export type { CreateModel, CreateVersion, ModelVersion, RegisteredModel, Stage } from "../schema/model-version.ts";
export type { Param, Tag } from "../schema/param.ts";
export type { CreateRun, RunEntity, RunStatus, UpdateRun } from "../schema/run.ts";
export { type LoggedModelSearch, searchLoggedModels, type WantedDataset } from "../search/logged-models.ts";
export type { PageCut } from "../search/page.ts";
export {
  type Found,
  type Search,
  searchExperiments,
  searchModels,
  searchRuns,
  searchVersions,
  type ViewedSearch,
} from "../search/searches.ts";
