import { z } from "zod";
import type { Backend } from "../contract/backend.ts";
import type { Client } from "../tracking/client.ts";
import type { SyncCounts } from "./report.ts";

const placeSchema = z.custom<string | Backend | Client>(
  (value) =>
    (typeof value === "string" && value !== "") ||
    (typeof value === "object" && value !== null && ("tracking" in value || "backend" in value)),
  { error: "is no directory, URI, backend or client" },
);

const MOST_PARALLEL = 64;
/** As many writes at once keep a server's database busy; more only wait for it. */
export const DEFAULT_CONCURRENCY = 4;

/** The sync that is at work at a target, as far as it says so. */
export interface SyncHolder {
  /** The machine it is on. */
  readonly host?: string;
  /** Its process there. */
  readonly pid?: number;
  /** When it came, in milliseconds since 1970, by the target's clock. */
  readonly since: number;
}

/** How far a sync is. */
export interface SyncProgress {
  /** Runs looked at, and runs found so far. */
  readonly runs: number;
  readonly totalRuns: number;
  readonly copied: Readonly<SyncCounts>;
  /** Present while another sync to the same MLflow server is waited for. */
  readonly waitsFor?: SyncHolder;
}

export const syncOptionsSchema = z.strictObject({
  /** What is copied: what `connect` takes, or a client. A client or backend stays open. */
  from: placeSchema,
  /** Where to, the same. */
  to: placeSchema,
  /** Only these, by name or id. Default: all. */
  experiments: z.array(z.string().min(1, { error: "is empty" })).optional(),
  /** Only runs like this, in MLflow's grammar, with the logged models that they used and produced. Default: all. */
  filter: z.string().optional(),
  /** Registered models with their versions. With `experiments` or `filter`, versions of runs that are copied. Default true. */
  models: z.boolean().optional(),
  /** The files of runs and logged models; those that are there are compared byte by byte. Default true. */
  artifacts: z.boolean().optional(),
  /**
   * Local directories outside of both stores where artifacts may be read and written. Default: none, because a store is text that
   * anybody may have written, and could name any directory.
   */
  artifactDirectories: z.array(z.string().min(1, { error: "is empty" })).optional(),
  /** Only says what would be done. Default false. */
  dryRun: z.boolean().optional(),
  /** Goes on until `signal` aborts: what the source gets is at the target a few seconds later. Default false. */
  follow: z.boolean().optional(),
  /** Writes the source's values over other ones, where the target lets values be changed. Default false: they are listed. */
  overwrite: z.boolean().optional(),
  /** Runs and files copied at once, 1 to 64. Default 4. */
  concurrency: z.int().min(1).max(MOST_PARALLEL).optional(),
  /** Stops a sync; the next one goes on where it was. */
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, { error: "is no AbortSignal" }).optional(),
  /** Called after every run, and when another sync is waited for. */
  onProgress: z
    .custom<(progress: SyncProgress) => void>((value) => typeof value === "function", { error: "is no function" })
    .optional(),
});
/** What {@link sync} takes. @interface */
export type SyncOptions = z.input<typeof syncOptionsSchema>;
