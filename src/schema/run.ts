import { z } from "zod";
import { datasetInputSchema } from "./dataset.ts";
import { experimentIdSchema, lifecycleStageSchema } from "./experiment.ts";
import { MAX_TAG_VALUE_LENGTH } from "./limits.ts";
import { metricSchema, metricValueSchema } from "./metric.ts";
import { modelInputSchema, modelOutputSchema } from "./model-link.ts";
import { keyOf, textUpTo, timestampMs } from "./text.ts";

export const runStatusSchema = z.enum(["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]);
/** MLflow's states of a run. @useDeclaredType */
export type RunStatus = z.infer<typeof runStatusSchema>;

/** Nothing more comes of such a run, unless somebody goes on with it. */
export const hasEnded = (status: RunStatus): boolean => status !== "RUNNING" && status !== "SCHEDULED";

// MLflow allows 256 characters; an id is a directory name.
export const runIdSchema = z.string().regex(/^[a-zA-Z0-9][\w-]{0,255}$/, { error: "is not a run id" });

/** Where a run keeps the id it had before its backend gave it one: unique, so that it is found by it, and not made twice. */
export const LOCAL_RUN_ID_TAG = "tidemark.localRunId";

export const runTagsSchema = z.record(keyOf("tag"), textUpTo(MAX_TAG_VALUE_LENGTH));

export const runEntitySchema = z.object({
  id: runIdSchema,
  name: z.string(),
  experimentId: experimentIdSchema,
  userId: z.string(),
  status: runStatusSchema,
  /** Milliseconds since 1970. */
  startTime: timestampMs,
  /** Milliseconds since 1970; absent while the run is open. */
  endTime: timestampMs.optional(),
  lifecycleStage: lifecycleStageSchema,
  /** The URI below which the run's artifacts are. */
  artifactUri: z.string(),
  params: z.record(z.string(), z.string()),
  tags: z.record(z.string(), z.string()),
  /** The latest value of every metric: of the largest step, then timestamp, then value, as MLflow chooses it. */
  metrics: z.record(z.string(), metricValueSchema),
  /** The same points whole, with step and timestamp. */
  latestMetrics: z.array(metricSchema),
  /** The datasets the run used. */
  inputs: z.array(datasetInputSchema),
  /** The logged models the run used. */
  modelInputs: z.array(modelInputSchema),
  /** The logged models the run produced. */
  modelOutputs: z.array(modelOutputSchema),
});
/** A run as a backend knows it: what `client.runs.get` answers. @interface */
export type RunEntity = z.infer<typeof runEntitySchema>;

export const createRunSchema = z.strictObject({
  experimentId: experimentIdSchema,
  name: z.string().min(1, { error: "is empty" }).optional(),
  startTime: timestampMs.optional(),
  userId: z.string().optional(),
  tags: runTagsSchema.optional(),
});
/** What `runs.create` takes. @interface */
export type CreateRun = z.input<typeof createRunSchema>;

/** An experiment by its name, made where it is missing; or by its id. With both, they must agree; with none it is the default one. */
const experimentRefSchema = z.object({ name: z.string().optional(), id: experimentIdSchema.optional() });
export type ExperimentRef = Readonly<z.infer<typeof experimentRefSchema>>;

/** All that is said of a new run, before its backend is asked. */
export const plannedRunSchema = z.object({
  experiment: experimentRefSchema,
  run: createRunSchema.omit({ experimentId: true }).required({ startTime: true, name: true }),
});
export type PlannedRun = Readonly<z.infer<typeof plannedRunSchema>>;

export const updateRunSchema = z.strictObject({
  runId: runIdSchema,
  name: z.string().min(1, { error: "is empty" }).optional(),
  status: runStatusSchema.optional(),
  endTime: timestampMs.optional(),
});
/** What `runs.update` takes. @interface */
export type UpdateRun = z.input<typeof updateRunSchema>;
