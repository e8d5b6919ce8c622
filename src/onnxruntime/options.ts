import { z } from "zod";
import type { Client } from "../tracking/client.ts";
import type { Run } from "../tracking/run.ts";
import { tagsOptionSchema } from "../tracking/run-options.ts";

const hasMethod = (value: unknown, name: string): boolean =>
  typeof value === "object" && value !== null && typeof (value as Record<string, unknown>)[name] === "function";

export const autologOptionsSchema = z.strictObject({
  /** Records into this run and no other. Default: the active run, else one of its own for every session. */
  run: z.custom<Run>((value) => hasMethod(value, "logMetric"), { error: "is not a run" }).optional(),
  /** Where runs of its own go. Default: the configured tracking URI. */
  client: z
    .custom<Client>((value) => typeof value === "object" && value !== null && "runs" in value, {
      error: "is not a client",
    })
    .optional(),
  /**
   * Which outputs with one element are logged, by their names, at the session's own step. `"auto"`, the default: numbers whose names
   * say loss, accuracy, learning rate and the like. An empty array: none.
   */
  scalars: z
    .union([
      z.literal("auto"),
      z.array(z.string()),
      z.custom<(name: string) => boolean>((value) => typeof value === "function"),
    ])
    .default("auto"),
  /** Every how many runs of a session scalars and latency are taken; all runs are counted. Default 1. */
  everyNRuns: z.int().positive().default(1),
  /** Seconds that a summary of latency and throughput covers at most. Default 10. */
  windowSeconds: z.number().positive().max(86_400).default(10),
  /** Runs that a summary covers at most. Default: as many as the seconds bring. */
  windowRuns: z.int().positive().optional(),
  /** Tags of runs of its own. */
  extraTags: tagsOptionSchema.default({}),
  /** Leaves the active run alone: every session gets a run of its own. Default false. */
  exclusive: z.boolean().default(false),
  /** Reads the whole model once for its SHA-256; in the background if it has more than 16 MiB. Default true. */
  hashModel: z.boolean().default(true),
});

/** What {@link autolog} takes. @interface */
export type AutologOptions = z.input<typeof autologOptionsSchema>;
/** The same, with every default in place. */
export type CheckedOptions = z.output<typeof autologOptionsSchema>;
