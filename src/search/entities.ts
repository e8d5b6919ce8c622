import type { Experiment } from "../schema/experiment.ts";
import type { ModelVersion, RegisteredModel } from "../schema/model-version.ts";
import type { RunEntity } from "../schema/run.ts";
import { PROMPT_TAG } from "./filter.ts";
import type { Searchable, SearchableDataset } from "./searchable.ts";

const DATASET_CONTEXT_TAG = "mlflow.data.context";

/** Attributes of a run by MLflow's names. */
export function runAttribute(
  run: Pick<RunEntity, "id" | "name" | "status" | "userId" | "artifactUri" | "startTime" | "endTime">,
  name: string,
): string | number | undefined {
  switch (name) {
    case "run_id":
      return run.id;
    case "run_name":
      return run.name;
    case "status":
      return run.status;
    case "user_id":
      return run.userId;
    case "artifact_uri":
      return run.artifactUri;
    case "start_time":
      return run.startTime;
    case "end_time":
      return run.endTime;
    default:
      return undefined;
  }
}

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

function experimentAttribute(experiment: Experiment, name: string): string | number | undefined {
  switch (name) {
    case "experiment_id":
      return experiment.id;
    case "name":
      return experiment.name;
    case "creation_time":
      return experiment.creationTime;
    case "last_update_time":
      return experiment.lastUpdateTime;
    default:
      return undefined;
  }
}

/** A registered model as the evaluator sees it. */
export const searchableModel = (model: RegisteredModel): Searchable => ({
  attribute: (name) => modelAttribute(model, name),
  tag: (key) => promptTag(model.tags, key),
});

function modelAttribute(model: RegisteredModel, name: string): string | number | undefined {
  switch (name) {
    case "name":
      return model.name;
    case "creation_timestamp":
      return model.creationTime;
    case "last_updated_timestamp":
      return model.lastUpdateTime;
    default:
      return undefined;
  }
}

/** A version as the evaluator sees it. */
export const searchableVersion = (version: ModelVersion): Searchable => ({
  attribute: (name) => versionAttribute(version, name),
  tag: (key) => promptTag(version.tags, key),
});

function versionAttribute(version: ModelVersion, name: string): string | number | undefined {
  switch (name) {
    case "name":
      return version.name;
    case "run_id":
      return version.runId;
    case "source_path":
      return version.source;
    case "version_number":
      return version.version;
    case "creation_timestamp":
      return version.creationTime;
    case "last_updated_timestamp":
      return version.lastUpdateTime;
    default:
      return undefined;
  }
}

/** MLflow keeps prompts as models with this tag. A model is none, so it is as if it said so. */
const promptTag = (tags: Readonly<Record<string, string>>, key: string): string | undefined =>
  ownValue(tags, key) ?? (key === PROMPT_TAG ? "false" : undefined);

/** Keys come from callers: "constructor" must not find what every object inherits. */
const ownValue = <T>(values: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(values, key) ? values[key] : undefined;
