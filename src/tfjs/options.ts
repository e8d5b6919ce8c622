import { z } from "zod";
import { autologTargetShape } from "../fluent/autolog-run.ts";
import { modelNameSchema } from "../schema/model-version.ts";

const confusionMatrixSchema = z.strictObject({
  /** Names of the classes, in the order of the model's outputs. Default: their numbers. */
  labels: z.array(z.string()).min(2).optional(),
  /** How many examples are predicted at most. Default 10,000. */
  maxExamples: z.int().positive().default(10_000),
});
/** How a confusion matrix is made. @interface */
export type ConfusionMatrixOptions = z.input<typeof confusionMatrixSchema>;

export const autologOptionsSchema = z.strictObject({
  ...autologTargetShape,
  /** Log params. Default true. */
  logParams: z.boolean().default(true),
  /** Log metrics, of batches and of epochs. Default true. */
  logMetrics: z.boolean().default(true),
  /** Log the trained model as an artifact when `fit` ends. Default true. */
  logModels: z.boolean().default(true),
  /** Log what the training and validation data are: name, digest, shape. Default true. */
  logDatasets: z.boolean().default(true),
  /** Log the first examples, five at most, with the model. Default true. */
  logInputExamples: z.boolean().default(true),
  /** Log the form of the model's inputs and outputs with the model. Default true. */
  logModelSignatures: z.boolean().default(true),
  /** Log the metrics of every n-th batch. Default 1. */
  everyNBatches: z.int().positive().default(1),
  /** Register the trained model under this name, as a new version. Default: it is not registered. */
  registeredModelName: modelNameSchema.optional(),
  /** Write the same numbers as TensorBoard's event files into this directory, a folder for each run. Default: none are written. */
  tensorboardDir: z.string().min(1).optional(),
  /** For classifiers: count what was taken for what, on the validation data, else on the training data. Default false. */
  confusionMatrix: z.union([z.boolean(), confusionMatrixSchema]).default(false),
  /** Take the hooks out again, as `disable()` does. Default false. */
  disable: z.boolean().default(false),
  /** No warnings. Default false. */
  silent: z.boolean().default(false),
});
/** What {@link autolog} takes. @interface */
export type AutologOptions = z.input<typeof autologOptionsSchema>;

/** The same with every default. */
export type CheckedAutologOptions = z.output<typeof autologOptionsSchema>;
