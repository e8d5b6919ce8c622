/** Where MLflow keeps the name of a run, whatever its field says. */
export const RUN_NAME_TAG = "mlflow.runName";
/** The id of the run that a run is a part of. */
export const PARENT_RUN_TAG = "mlflow.parentRunId";
/** What a run or an experiment is, in Markdown. */
export const DESCRIPTION_TAG = "mlflow.note.content";
/** Which tables a run has, as JSON. */
export const LOGGED_ARTIFACTS_TAG = "mlflow.loggedArtifacts";
/** What an input of a run was used for. */
export const DATASET_CONTEXT_TAG = "mlflow.data.context";
/** Which registered versions a logged model is, as JSON. */
export const MODEL_VERSIONS_TAG = "mlflow.modelVersions";

/** Set by MLflow or Tidemark, not by a person. */
export const isRecordedTag = (key: string): boolean => /^(mlflow|tidemark)\./.test(key);
