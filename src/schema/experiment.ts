import { z } from "zod";
import { MAX_ARTIFACT_LOCATION_LENGTH, MAX_EXPERIMENT_NAME_LENGTH, MAX_EXPERIMENT_TAG_VALUE_LENGTH } from "./limits.ts";
import { keyOf, textUpTo, timestampMs } from "./text.ts";

export const lifecycleStageSchema = z.enum(["active", "deleted"]);
/** Whether an entity is in use or in the trash. @useDeclaredType */
export type LifecycleStage = z.infer<typeof lifecycleStageSchema>;

/** An experiment's name: not blank, at most 500 characters, any of them. */
export const experimentNameSchema = textUpTo(MAX_EXPERIMENT_NAME_LENGTH).refine((name) => name.trim() !== "", {
  error: "is blank",
});

// Letters, digits, "-" and "_" only, so that an id can be a directory name; MLflow allows 64 of them.
export const experimentIdSchema = z.string().regex(/^[a-zA-Z0-9][\w-]{0,63}$/, { error: "is not an experiment id" });

const experimentTagValueSchema = textUpTo(MAX_EXPERIMENT_TAG_VALUE_LENGTH);
export const experimentTagSchema = z.strictObject({ key: keyOf("tag"), value: experimentTagValueSchema });
export const experimentTagsSchema = z.record(keyOf("tag"), experimentTagValueSchema);

export const experimentSchema = z.object({
  id: experimentIdSchema,
  name: z.string(),
  /** The URI below which the runs' artifacts are. */
  artifactLocation: z.string(),
  lifecycleStage: lifecycleStageSchema,
  /** Milliseconds since 1970. */
  creationTime: timestampMs.optional(),
  /** Milliseconds since 1970. */
  lastUpdateTime: timestampMs.optional(),
  tags: z.record(z.string(), z.string()),
});
/** A group of runs that belong together. @interface */
export type Experiment = z.infer<typeof experimentSchema>;

export const createExperimentSchema = z.strictObject({
  name: experimentNameSchema,
  artifactLocation: textUpTo(MAX_ARTIFACT_LOCATION_LENGTH).optional(),
  tags: experimentTagsSchema.optional(),
});
/** What `experiments.create` takes. @interface */
export type CreateExperiment = z.input<typeof createExperimentSchema>;
