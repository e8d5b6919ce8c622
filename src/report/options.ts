import { z } from "zod";
import type { Client } from "../tracking/client.ts";

const count = (least: number) => z.int().min(least, { error: `is below ${least}` });

export const reportOptionsSchema = z.strictObject({
  /** Where the page goes. What is there is replaced, as a whole; missing directories are made. */
  file: z.string().min(1, { error: "is empty" }),
  /** Where the runs are. Default: the configured tracking URI. */
  client: z
    .custom<Client>((value) => typeof value === "object" && value !== null && "backend" in value, {
      error: "is not what connect() answers",
    })
    .optional(),
  /** Default: the name of the run or of the experiment, or how many runs there are. */
  title: z.string().min(1, { error: "is empty" }).max(500, { error: "is longer than 500 characters" }).optional(),
  /**
   * The most points of all curves together. Longer ones are thinned to their extremes, which look the same until they are zoomed into.
   * Default 1,000,000, about 8 MB.
   */
  maxPoints: count(100).default(1_000_000),
  /** The most bytes of one image. Of a larger one the small variant is taken, where it has one. Default 2 MiB. */
  maxImageBytes: count(0).default(2 * 2 ** 20),
  /** The most bytes of all images together. Of a series that does not fit, steps are left out evenly. Default 32 MiB. */
  maxTotalImageBytes: count(0).default(32 * 2 ** 20),
  /** The most rows of one table. Default 500. */
  maxTableRows: count(0).default(500),
  /** The most bytes that are read of one table, confusion matrix or MLmodel. Default 8 MiB. */
  maxFileBytes: count(0).default(8 * 2 ** 20),
  /** The most characters shown of one param, tag, description or cell. Default 2,000. */
  maxTextLength: count(16).default(2_000),
});
/** What {@link report} takes. @interface */
export type ReportOptions = z.input<typeof reportOptionsSchema>;

export type CheckedReportOptions = z.output<typeof reportOptionsSchema>;
