import { z } from "zod";
import type { TidemarkError } from "../base/errors.ts";
import { experimentNameSchema } from "../schema/experiment.ts";
import { MAX_TAG_VALUE_LENGTH } from "../schema/limits.ts";
import { fromStepSchema, markNameSchema } from "../schema/mark.ts";
import { runIdSchema, runStatusSchema } from "../schema/run.ts";
import { keyOf, textUpTo } from "../schema/text.ts";

const tagValueSchema = z
  .union([z.string(), z.number(), z.boolean()])
  .transform(String)
  .pipe(textUpTo(MAX_TAG_VALUE_LENGTH));

export const tagsOptionSchema = z.record(keyOf("tag"), tagValueSchema);

/** A run to belong to: the handle or its id. */
const parentSchema = z.union([
  runIdSchema,
  z.custom<{ readonly id: string }>(
    (value) => typeof value === "object" && value !== null && "id" in value && typeof value.id === "string",
    { error: "is neither a run nor a run id" },
  ),
]);

export const openRunSchema = z
  .strictObject({
    /** Name of the experiment, created where it is missing. Default: the configured one, else "Default". */
    experiment: experimentNameSchema.optional(),
    /** Shown in lists. Default: a random one like `swift-otter-42`. */
    name: z.string().min(1).max(MAX_TAG_VALUE_LENGTH).optional(),
    /** Params to log at once; nested objects become dotted keys. */
    params: z.record(z.string(), z.unknown()).optional(),
    tags: tagsOptionSchema.optional(),
    /** Markdown that MLflow's UI shows on the run's page. */
    description: textUpTo(MAX_TAG_VALUE_LENGTH).optional(),
    /** Resumes this run instead of creating one: steps continue where they were. */
    runId: runIdSchema.optional(),
    /**
     * With `runId`: drops the values that were logged behind this mark, made by `run.mark`, and goes on from there. Params, tags and files stay.
     * Where the backend cannot take values back (MLflow's server), a new run is made of what is kept, and `run.id` is the new one's.
     */
    fromMark: markNameSchema.optional(),
    /** The same for those who have no mark: of each key named, values before this step are kept, and those at it and behind it dropped. */
    fromStep: fromStepSchema.optional(),
    /** The run this one is a part of. */
    parent: parentSchema.optional(),
    /** Record cpu, memory, disk and network every 10 s. Default: `MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING`, else false. */
    systemMetrics: z.boolean().optional(),
    /** Handle SIGINT and SIGTERM: write out, set KILLED, then let the signal have its way. Default false. */
    handleSignals: z.boolean().optional(),
    /** Record user, source, git state, lockfile, runtime and packages. Default true. */
    captureEnvironment: z.boolean().optional(),
    /** How old the oldest value waiting may get, in milliseconds. Default: the backend's, 500 on local disk. */
    flushIntervalMs: z.number().positive().max(3_600_000).optional(),
    /** `"refuse"` opens no run while its server is away. Default `"allow"`: it begins in the local spool, and is brought there later. */
    offline: z.enum(["allow", "refuse"]).optional(),
    /**
     * Where what waits for a server rests, and how many bytes all that waits there may have; false: in memory only.
     * Default: `TIDEMARK_SPOOL_DIR`, else the platform's place for the state of programs; 1 GiB.
     */
    spool: z
      .union([
        z.strictObject({ dir: z.string().min(1).optional(), maxBytes: z.int().positive().optional() }),
        z.literal(false),
      ])
      .optional(),
    /** Told of every failed write and every loss. */
    onError: z
      .custom<(error: TidemarkError) => void>((value) => typeof value === "function", { error: "is not a function" })
      .optional(),
  })
  .check(({ value: { runId, fromMark, fromStep }, issues }) => {
    const refuse = (argument: "fromMark" | "fromStep", message: string, input: unknown) =>
      issues.push({ code: "custom", path: [argument], message, input });
    if (fromMark !== undefined && fromStep !== undefined)
      refuse("fromStep", "stands beside fromMark: one of them says where the run goes on", fromStep);
    if (runId !== undefined) return;
    if (fromMark !== undefined) refuse("fromMark", "needs a runId: which run it is a mark of", fromMark);
    if (fromStep !== undefined) refuse("fromStep", "needs a runId: which run goes on", fromStep);
  });
/** What a run can be opened with, whoever opens it. @interface */
export type OpenRunOptions = z.input<typeof openRunSchema>;

export const flushOptionsSchema = z.strictObject({
  timeoutMs: z.number().positive().optional(),
  signal: z.instanceof(AbortSignal).optional(),
  accept: z.enum(["backend", "spooled"]).optional(),
  durable: z.boolean().optional(),
});

export const endOptionsSchema = z.strictObject({
  /** Default `"FINISHED"`. */
  status: runStatusSchema.extract(["FINISHED", "FAILED", "KILLED"]).optional(),
  /** How long the backend may take nothing, in milliseconds: as long as it takes some, the end waits. Default 5,000. */
  timeoutMs: z.number().positive().optional(),
});
/** What `run.end` takes. @interface */
export type EndOptions = z.input<typeof endOptionsSchema>;

export const logInputOptionsSchema = z.strictObject({
  /** What the dataset was used for: `training`, `evaluation`, … */
  context: z.string().min(1).optional(),
});
/** What `run.logInput` takes beside the dataset. @interface */
export type LogInputOptions = z.input<typeof logInputOptionsSchema>;

export const transferOptionsSchema = z.strictObject({
  /** Directory below the run's artifacts. Default: their root. */
  path: z.string().optional(),
  onProgress: z
    .custom<(progress: { transferredBytes: number; totalBytes: number; file: string }) => void>(
      (value) => typeof value === "function",
      { error: "is not a function" },
    )
    .optional(),
  signal: z.instanceof(AbortSignal).optional(),
});
/** Where files go, and who watches. @interface */
export type TransferOptions = z.input<typeof transferOptionsSchema>;
