import { z } from "zod";
import {
  MAX_DATASET_DIGEST_LENGTH,
  MAX_DATASET_NAME_LENGTH,
  MAX_DATASET_PROFILE_LENGTH,
  MAX_DATASET_SCHEMA_LENGTH,
  MAX_DATASET_SOURCE_LENGTH,
  MAX_INPUT_TAG_KEY_LENGTH,
  MAX_INPUT_TAG_VALUE_LENGTH,
} from "./limits.ts";
import { someTextUpTo, textUpTo } from "./text.ts";

export const datasetSchema = z.strictObject({
  name: someTextUpTo(MAX_DATASET_NAME_LENGTH),
  /** Identifies the contents: equal data, equal digest. */
  digest: someTextUpTo(MAX_DATASET_DIGEST_LENGTH),
  /** `local`, `http`, `s3`, `code`, …: how to read `source`. */
  sourceType: z.string(),
  /** JSON text that says where the data came from, in the form of its source type. */
  source: textUpTo(MAX_DATASET_SOURCE_LENGTH),
  /** JSON text: MLflow's `mlflow_colspec` or `mlflow_tensorspec`. */
  schema: textUpTo(MAX_DATASET_SCHEMA_LENGTH).optional(),
  /** JSON text with counts. */
  profile: textUpTo(MAX_DATASET_PROFILE_LENGTH).optional(),
});
/** A dataset as MLflow records it: what it is called and how to recognise it, never the data. @interface */
export type Dataset = Readonly<z.infer<typeof datasetSchema>>;

export const datasetInputSchema = z.strictObject({
  dataset: datasetSchema,
  tags: z.record(someTextUpTo(MAX_INPUT_TAG_KEY_LENGTH), textUpTo(MAX_INPUT_TAG_VALUE_LENGTH)),
});
/** A dataset that a run used, with tags of the use (`mlflow.data.context`: training, evaluation, …). @interface */
export type DatasetInput = Readonly<z.infer<typeof datasetInputSchema>>;

/** The order in which backends give the datasets of a run: by name, then by digest. */
export function byDataset({ dataset: a }: DatasetInput, { dataset: b }: DatasetInput): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return a.digest === b.digest ? 0 : a.digest < b.digest ? -1 : 1;
}
