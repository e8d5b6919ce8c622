import { z } from "zod";
import { plannedRunSchema, runIdSchema, updateRunSchema } from "../../schema/run.ts";

/** What a part of the spool says of its run. */
export const spoolHeaderSchema = z.object({
  format: z.literal(1),
  /** What the backend is called, without credentials. */
  backend: z.string(),
  localRunId: runIdSchema,
  name: z.string(),
  /** Milliseconds since 1970. */
  createdAt: z.number(),
  /** The backend's id, as soon as it is known. */
  runId: runIdSchema.optional(),
  /** How the run is made. Absent for one that was there before. */
  plan: plannedRunSchema.optional(),
});
export type SpoolHeader = z.infer<typeof spoolHeaderSchema>;

/** How the run ended: what is written when all else is at the backend. */
export const spooledEndSchema = updateRunSchema.omit({ runId: true });
export type SpooledEnd = z.infer<typeof spooledEndSchema>;

/** A file that waits for its upload. */
export const stagedFileSchema = z.object({ path: z.string(), sizeBytes: z.number() });
export type StagedFile = z.infer<typeof stagedFileSchema>;
