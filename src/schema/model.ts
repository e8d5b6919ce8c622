import { z } from "zod";
import { metricSchema } from "./metric.ts";
import { timestampMs } from "./text.ts";

const textRecord = z.record(z.string(), z.string());

export const loggedModelStatusSchema = z.enum(["PENDING", "READY", "FAILED"]);
/** How far the upload of a logged model came. @useDeclaredType */
export type LoggedModelStatus = z.infer<typeof loggedModelStatusSchema>;

export const loggedModelSchema = z.object({
  /** `m-` and 32 hexadecimal digits. */
  id: z.string(),
  name: z.string(),
  experimentId: z.string(),
  sourceRunId: z.string().optional(),
  modelType: z.string().optional(),
  artifactLocation: z.string(),
  status: loggedModelStatusSchema,
  statusMessage: z.string().optional(),
  /** Milliseconds since 1970. */
  creationTime: timestampMs,
  /** Milliseconds since 1970. */
  lastUpdateTime: timestampMs,
  params: textRecord,
  tags: textRecord,
  metrics: z.array(metricSchema),
});
/** A model that a run has produced. @interface */
export type LoggedModel = z.infer<typeof loggedModelSchema>;

export const createLoggedModelSchema = z.strictObject({
  experimentId: z.string(),
  // MLflow's rule: the name is a segment of URIs and file names.
  name: z
    .string()
    .regex(/^[^/:.%"']+$/, { error: "holds one of / : . % \" '" })
    .optional(),
  sourceRunId: z.string().optional(),
  modelType: z.string().optional(),
  params: textRecord.optional(),
  tags: textRecord.optional(),
});
/** What `loggedModels.create` takes. @interface */
export type CreateLoggedModel = z.input<typeof createLoggedModelSchema>;
