import { z } from "zod";
import { autologTargetShape } from "../fluent/autolog-run.ts";

export const autologOptionsSchema = z.strictObject({
  ...autologTargetShape,
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
  /** Reads the whole model once for its SHA-256; in the background if it has more than 16 MiB. Default true. */
  hashModel: z.boolean().default(true),
});

/** What {@link autolog} takes. @interface */
export type AutologOptions = z.input<typeof autologOptionsSchema>;
/** The same, with every default in place. */
export type CheckedOptions = z.output<typeof autologOptionsSchema>;
