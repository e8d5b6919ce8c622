import type { Experiment } from "../schema/experiment.ts";
import type { RunEntity } from "../schema/run.ts";
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

/** Keys come from callers: "constructor" must not find what every object inherits. */
const ownValue = <T>(values: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(values, key) ? values[key] : undefined;
