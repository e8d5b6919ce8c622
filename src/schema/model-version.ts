import { z } from "zod";
import { timestampMs } from "./text.ts";

const textRecord = z.record(z.string(), z.string());

export const registeredModelSchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  /** Milliseconds since 1970. */
  creationTime: timestampMs,
  /** Milliseconds since 1970. */
  lastUpdateTime: timestampMs,
  tags: textRecord,
  /** Alias to version number. */
  aliases: z.record(z.string(), z.int()),
});
/** A model under a name, with numbered versions. @interface */
export type RegisteredModel = z.infer<typeof registeredModelSchema>;

export const modelVersionSchema = z.object({
  name: z.string(),
  /** From 1, without gaps at creation, never used again. */
  version: z.int().positive(),
  source: z.string(),
  runId: z.string().optional(),
  modelId: z.string().optional(),
  description: z.string().optional(),
  stage: z.enum(["None", "Staging", "Production", "Archived"]),
  status: z.enum(["PENDING_REGISTRATION", "FAILED_REGISTRATION", "READY"]),
  /** Milliseconds since 1970. */
  creationTime: timestampMs,
  /** Milliseconds since 1970. */
  lastUpdateTime: timestampMs,
  tags: textRecord,
  aliases: z.array(z.string()),
});
/** One version of a registered model. @interface */
export type ModelVersion = z.infer<typeof modelVersionSchema>;
