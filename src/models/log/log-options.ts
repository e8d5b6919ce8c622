import { z } from "zod";
import { stepSchema } from "../../schema/metric.ts";
import { loggedModelTagsSchema, modelParamsSchema } from "../../schema/model.ts";
import { aliasSchema, modelNameSchema } from "../../schema/model-version.ts";
import { transferOptionsSchema } from "../../tracking/run-options.ts";
import { modelFormShape } from "../save/save-options.ts";

const { onProgress, signal } = transferOptionsSchema.shape;

export const logModelOptionsSchema = z.strictObject({
  ...modelFormShape,
  /** Of the model among those of the run: a segment of a path. Default `"model"`. */
  name: z
    .string()
    .regex(/^[^/:.%"']+$/, { error: "is empty or holds one of / : . % \" '" })
    .default("model"),
  /** Makes the model a new version of this registered model, which is made too where it is missing. */
  registeredModelName: modelNameSchema.optional(),
  /** Points this alias of the registered model to the new version. */
  alias: aliasSchema.optional(),
  /** What kind of model it is, for lists: `"cnn"`. */
  modelType: z.string().optional(),
  /** At which step of the run the model is as it is: only metrics of that step are the model's. Default: the latest of each metric. */
  step: stepSchema.optional(),
  /** Params of the model. Default: those of the run. */
  params: modelParamsSchema.optional(),
  tags: loggedModelTagsSchema.optional(),
  onProgress,
  signal,
});
/** What {@link logModel} takes. @interface */
export type LogModelOptions = z.input<typeof logModelOptionsSchema>;
/** The same with every default. */
export type CheckedLogModelOptions = z.output<typeof logModelOptionsSchema>;
