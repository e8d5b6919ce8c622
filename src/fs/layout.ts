import { createHash } from "node:crypto";

// The names MLflow's FileStore gives its files (mlflow/store/tracking/file_store.py).
export const META_FILE = "meta.yaml";
export const TRASH_DIRECTORY = ".trash";
export const TAGS_DIRECTORY = "tags";
export const PARAMS_DIRECTORY = "params";
export const METRICS_DIRECTORY = "metrics";
export const ARTIFACTS_DIRECTORY = "artifacts";
export const INPUTS_DIRECTORY = "inputs";
export const DATASETS_DIRECTORY = "datasets";
export const MODELS_DIRECTORY = "models";
export const ALIASES_DIRECTORY = "aliases";
export const OUTPUTS_DIRECTORY = "outputs";

// Ours, in the directory of a run. MLflow looks at no other names than its own there.
export const OWN_DIRECTORY = ".tidemark";
export const MARKS_DIRECTORY = "marks";
export const REWIND_DIRECTORY = "rewind";

/** Directories of an experiment that are not runs. */
export const RESERVED_IN_EXPERIMENT: ReadonlySet<string> = new Set([
  TAGS_DIRECTORY,
  DATASETS_DIRECTORY,
  "traces",
  MODELS_DIRECTORY,
]);

/** What MLflow accepts as the id of a run or a logged model, and so as the name of its directory. */
const ID = /^[a-zA-Z0-9][\w-]{0,255}$/;
export const isId = (id: string): boolean => ID.test(id);

/** Whether an experiment or a run from elsewhere may keep its id. Some disks take no notice of case. */
export const isImportableId = (id: string): boolean => isId(id) && !RESERVED_IN_EXPERIMENT.has(id.toLowerCase());

/** The directory of a dataset: MLflow's digest of name and digest, or of two ids. */
export function md5Of(...parts: readonly string[]): string {
  const hash = createHash("md5");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}
