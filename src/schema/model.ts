import { z } from "zod";
import { experimentIdSchema } from "./experiment.ts";
import { MAX_PARAM_VALUE_LENGTH, MAX_TAG_VALUE_LENGTH } from "./limits.ts";
import { metricSchema } from "./metric.ts";
import { runIdSchema } from "./run.ts";
import { keyOf, textUpTo, timestampMs } from "./text.ts";

const textRecord = z.record(z.string(), z.string());

export const loggedModelStatusSchema = z.enum(["PENDING", "READY", "FAILED"]);
/** How far the upload of a logged model came. @useDeclaredType */
export type LoggedModelStatus = z.infer<typeof loggedModelStatusSchema>;

export const modelMetricSchema = metricSchema.extend({
  /** The run that measured it. */
  runId: z.string().optional(),
  datasetName: z.string().optional(),
  datasetDigest: z.string().optional(),
});
/** The latest value of a metric of a logged model, on one dataset. @interface */
export type ModelMetric = z.infer<typeof modelMetricSchema>;

export const loggedModelSchema = z.object({
  id: z.string(),
  name: z.string(),
  experimentId: z.string(),
  sourceRunId: z.string().optional(),
  modelType: z.string().optional(),
  /** The URI below which the model's files are. */
  artifactLocation: z.string(),
  status: loggedModelStatusSchema,
  statusMessage: z.string().optional(),
  /** Milliseconds since 1970. */
  creationTime: timestampMs,
  /** Milliseconds since 1970. */
  lastUpdateTime: timestampMs,
  params: textRecord,
  tags: textRecord,
  /** One per metric and dataset. */
  metrics: z.array(modelMetricSchema),
});
/** A model that a run has produced. @interface */
export type LoggedModel = z.infer<typeof loggedModelSchema>;

export const modelParamsSchema = z.record(keyOf("param"), textUpTo(MAX_PARAM_VALUE_LENGTH));
export const loggedModelTagsSchema = z.record(keyOf("tag"), textUpTo(MAX_TAG_VALUE_LENGTH));

export const createLoggedModelSchema = z.strictObject({
  experimentId: experimentIdSchema,
  // MLflow's rule: the name is a segment of URIs and file names.
  name: z
    .string()
    .regex(/^[^/:.%"']+$/, { error: "is empty or holds one of / : . % \" '" })
    .optional(),
  sourceRunId: runIdSchema.optional(),
  modelType: z.string().optional(),
  params: modelParamsSchema.optional(),
  tags: loggedModelTagsSchema.optional(),
});
/** What `loggedModels.create` takes. @interface */
export type CreateLoggedModel = z.input<typeof createLoggedModelSchema>;

/** The order in which backends give the metrics of a logged model: by key, then by dataset. */
export function byMetric(a: ModelMetric, b: ModelMetric): number {
  const [x, y] = [a, b].map(({ key, datasetName = "", datasetDigest = "" }) => [key, datasetName, datasetDigest]);
  const different = x?.findIndex((text, index) => text !== y?.[index]) ?? -1;
  return different < 0 ? 0 : (x?.[different] as string) < (y?.[different] as string) ? -1 : 1;
}
