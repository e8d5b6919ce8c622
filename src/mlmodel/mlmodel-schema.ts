import { z } from "zod";

const mapping = z.record(z.string(), z.unknown());

/** MLflow writes null for some fields that are not set, and leaves others out. */
const text = z.string().nullish();

export const savedInputExampleInfoSchema = z.looseObject({
  /** The file of the example. */
  artifact_path: z.string(),
  type: z.string(),
  /** Of a dataframe: `split` with names of columns, `values` without. */
  pandas_orient: text,
  /** The file with the same in the form that servers take. */
  serving_input_path: text,
  /** `"true"` where the example holds params too. */
  params: z.union([z.string(), z.boolean()]).nullish(),
});
/** Where the input example of a model is, and in which form. @interface */
export type SavedInputExampleInfo = z.infer<typeof savedInputExampleInfoSchema>;

export const mlmodelSchema = z.looseObject({
  /** The forms that the model is in: the name of a flavor to what it needs to be loaded. */
  flavors: z.record(z.string(), mapping),
  /** Texts of JSON: `parseSignature` reads them. */
  signature: z.looseObject({ inputs: text, outputs: text, params: text }).nullish(),
  artifact_path: text,
  run_id: text,
  /** `m-…`, where a tracking server knows the model. */
  model_id: text,
  /** The same as `model_id` where there is one. */
  model_uuid: text,
  /** `YYYY-MM-DD hh:mm:ss.ffffff`. */
  utc_time_created: text,
  /** Of all files. */
  model_size_bytes: z.number().nonnegative().nullish(),
  mlflow_version: text,
  /** The user's own. */
  metadata: mapping.nullish(),
  saved_input_example_info: savedInputExampleInfoSchema.nullish(),
  prompts: z.unknown().optional(),
  is_signature_from_type_hint: z.boolean().nullish(),
  type_hint_from_example: z.boolean().nullish(),
});
/** The file `MLmodel`, with MLflow's own keys. Keys and flavors that are not known here stay as they are. @interface */
export type Mlmodel = z.infer<typeof mlmodelSchema>;
