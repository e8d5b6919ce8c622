import type { Experiment } from "../schema/experiment.ts";
import { DATASET_CONTEXT_TAG } from "../schema/known-tags.ts";
import type { LoggedModel } from "../schema/model.ts";
import type { ModelVersion, RegisteredModel } from "../schema/model-version.ts";
import type { RunEntity } from "../schema/run.ts";
import { PROMPT_TAG } from "./filter.ts";
import type { Searchable, SearchableDataset } from "./searchable.ts";

/** Reads attributes by MLflow's names. */
const attributesOf =
  <T, Field extends keyof T>(fields: Readonly<Record<string, Field>>) =>
  (entity: { readonly [Name in Field]?: T[Name] | undefined }, name: string): string | number | undefined => {
    const field = fields[name];
    return field === undefined ? undefined : (entity[field] as string | number | undefined);
  };

/** Attributes of a run by MLflow's names. */
export const runAttribute = attributesOf<
  RunEntity,
  "id" | "name" | "status" | "userId" | "artifactUri" | "startTime" | "endTime"
>({
  run_id: "id",
  run_name: "name",
  status: "status",
  user_id: "userId",
  artifact_uri: "artifactUri",
  start_time: "startTime",
  end_time: "endTime",
});

const experimentAttribute = attributesOf<Experiment, "id" | "name" | "creationTime" | "lastUpdateTime">({
  experiment_id: "id",
  name: "name",
  creation_time: "creationTime",
  last_update_time: "lastUpdateTime",
});

const modelAttribute = attributesOf<RegisteredModel, "name" | "creationTime" | "lastUpdateTime">({
  name: "name",
  creation_timestamp: "creationTime",
  last_updated_timestamp: "lastUpdateTime",
});

const versionAttribute = attributesOf<
  ModelVersion,
  "name" | "runId" | "source" | "version" | "creationTime" | "lastUpdateTime"
>({
  name: "name",
  run_id: "runId",
  source_path: "source",
  version_number: "version",
  creation_timestamp: "creationTime",
  last_updated_timestamp: "lastUpdateTime",
});

/** Attributes of a logged model by MLflow's names. */
export const loggedModelAttribute = attributesOf<
  LoggedModel,
  "id" | "name" | "modelType" | "status" | "sourceRunId" | "creationTime" | "lastUpdateTime"
>({
  model_id: "id",
  name: "name",
  model_type: "modelType",
  status: "status",
  source_run_id: "sourceRunId",
  creation_timestamp: "creationTime",
  last_updated_timestamp: "lastUpdateTime",
});

/** A run as the evaluator sees it. */
export const searchableRun = (run: RunEntity): Searchable => ({
  attribute: (name) => runAttribute(run, name),
  metric: (key) => ownValue(run.metrics, key),
  param: (key) => ownValue(run.params, key),
  tag: (key) => ownValue(run.tags, key),
  datasets: () => searchableDatasets(run.inputs),
});

/** The datasets among the inputs of a run. */
export const searchableDatasets = (inputs: RunEntity["inputs"]): SearchableDataset[] =>
  inputs.map(({ dataset: { name, digest }, tags }) => ({ name, digest, context: tags[DATASET_CONTEXT_TAG] }));

/** An experiment as the evaluator sees it. */
export const searchableExperiment = (experiment: Experiment): Searchable => ({
  attribute: (name) => experimentAttribute(experiment, name),
  tag: (key) => ownValue(experiment.tags, key),
});

/** A registered model as the evaluator sees it. */
export const searchableModel = (model: RegisteredModel): Searchable => ({
  attribute: (name) => modelAttribute(model, name),
  tag: (key) => promptTag(model.tags, key),
});

/** A version as the evaluator sees it. */
export const searchableVersion = (version: ModelVersion): Searchable => ({
  attribute: (name) => versionAttribute(version, name),
  tag: (key) => promptTag(version.tags, key),
});

/** MLflow keeps prompts as models with this tag. A model is none, so it is as if it said so. */
const promptTag = (tags: Readonly<Record<string, string>>, key: string): string | undefined =>
  ownValue(tags, key) ?? (key === PROMPT_TAG ? "false" : undefined);

/** Keys come from callers: "constructor" must not find what every object inherits. */
export const ownValue = <T>(values: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(values, key) ? values[key] : undefined;
