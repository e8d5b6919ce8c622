import { z } from "zod";
import { invalidArgument } from "../base/errors.ts";
import { newRunName } from "../base/ids.ts";
import type { Backend } from "../contract/backend.ts";
import type { Series } from "../contract/batch.ts";
import type { RunMark, TrackingStore } from "../contract/tracking-store.ts";
import { checkArgument } from "../schema/check.ts";
import { datasetInputSchema } from "../schema/dataset.ts";
import { experimentIdSchema } from "../schema/experiment.ts";
import { RUN_NAME_TAG } from "../schema/known-tags.ts";
import { type MetricHistory, metricSchema } from "../schema/metric.ts";
import { modelInputSchema, modelOutputSchema } from "../schema/model-link.ts";
import { paramSchema, tagSchema } from "../schema/param.ts";
import {
  type CreateRun,
  createRunSchema,
  type RunEntity,
  runIdSchema,
  type UpdateRun,
  updateRunSchema,
} from "../schema/run.ts";
import { keyOf } from "../schema/text.ts";
import { defined } from "./defined.ts";
import { displayedBy, type MimeBundle } from "./display/mime-bundle.ts";
import type { LifeSign } from "./life/life-signs.ts";
import type { LifeSignsOptions, ReapOptions, StaleRun, StaleRunsOptions } from "./life/stale-runs.ts";
import { PagedList } from "./paged-list.ts";
import { writeOnce } from "./write-once.ts";

const searchRunsSchema = z.strictObject({
  /** At least one. */
  experimentIds: z.array(experimentIdSchema).min(1),
  /** MLflow's grammar: `metrics.loss < 0.1 AND params.optimizer = 'adam'`. */
  filter: z.string().optional(),
  /** `["metrics.accuracy DESC"]`. What it leaves equal, and all without it: newest first. */
  orderBy: z.array(z.string()).optional(),
  /** Default `"active"`. */
  viewType: z.enum(["active", "deleted", "all"]).default("active"),
  maxResults: z.number().optional(),
  pageToken: z.string().optional(),
});
/** What `client.runs.search` takes. @interface */
export type SearchRuns = z.input<typeof searchRunsSchema>;

const logBatchSchema = z.strictObject({
  runId: runIdSchema,
  metrics: z.array(metricSchema.partial({ timestamp: true, step: true })).optional(),
  params: z.array(paramSchema).optional(),
  tags: z.array(tagSchema).optional(),
});
/** What `client.runs.logBatch` takes. @interface */
export type LogBatch = z.input<typeof logBatchSchema>;

const logInputsSchema = z.strictObject({
  runId: runIdSchema,
  datasets: z.array(datasetInputSchema).optional(),
  models: z.array(modelInputSchema).optional(),
});
/** What `client.runs.logInputs` takes. @interface */
export type LogInputs = z.input<typeof logInputsSchema>;

const logOutputsSchema = z.strictObject({
  runId: runIdSchema,
  /** The step defaults to 0. */
  models: z.array(modelOutputSchema.partial({ step: true })),
});
/** What `client.runs.logOutputs` takes. @interface */
export type LogOutputs = z.input<typeof logOutputsSchema>;

/** Who only logs needs none of it. */
const loadLife = async () => ({ ...(await import("./life/life-signs.ts")), ...(await import("./life/stale-runs.ts")) });

const setTagSchema = z.strictObject({ runId: runIdSchema, ...tagSchema.shape });
const deleteTagSchema = z.strictObject({ runId: runIdSchema, key: keyOf("tag") });

/** `client.runs` */
export class RunsClient {
  readonly #backend: Backend;
  readonly #store: TrackingStore;
  readonly #showRun: (this: RunEntity) => Promise<MimeBundle>;

  /** @internal */
  constructor(backend: Backend) {
    const store = backend.tracking;
    this.#backend = backend;
    this.#store = store;
    this.#showRun = async function (this: RunEntity) {
      const { showRun } = await import("./display/show-run.ts");
      return await showRun(this, store);
    };
  }

  /** Creates a run without opening it. Its tags say nothing about this program: `startRun` records that. */
  async create(input: CreateRun): Promise<RunEntity> {
    const checked = checkArgument("run", createRunSchema, input);
    const run = await this.#store.createRun({
      ...checked,
      name: checked.name ?? checked.tags?.[RUN_NAME_TAG] ?? newRunName(),
    });
    return displayedBy(run, this.#showRun);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  async get(runId: string): Promise<RunEntity> {
    const run = await this.#store.getRun(checkArgument("runId", runIdSchema, runId));
    return displayedBy(run, this.#showRun);
  }

  /**
   * Runs of some experiments that match.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, when the first page is asked for; it says where in the filter or order
   */
  search(query: SearchRuns): PagedList<RunEntity> {
    const { maxResults, pageToken, ...what } = checkArgument("query", searchRunsSchema, query);
    const fetchPage = async (request: { maxResults: number; pageToken?: string }) => {
      const page = await this.#store.searchRuns({ ...request, ...defined(what) });
      for (const run of page.items) displayedBy(run, this.#showRun);
      return page;
    };
    return new PagedList(fetchPage, { maxResults, pageToken });
  }

  /**
   * When runs were heard of last, and what is known of their processes, in the order of the runs.
   *
   * The sign of life is the newest write: of a run's files in a directory, of its objects in a bucket; at a server the newest of its values, or its start.
   * What waits on this machine for a backend that is away counts too. A RUNNING run is stale where its process is known to be gone, or where
   * nothing was heard of it for long, unless its process is known to run.
   *
   * @example
   * ```ts
   * import { connect } from "tidemark";
   *
   * const client = await connect("./mlruns");
   * const { items } = await client.runs.search({ experimentIds: ["0"], maxResults: 10 }).page();
   * for (const { runId, isStale, lastSign } of await client.runs.lifeSigns(items))
   *   if (isStale) console.log(runId, new Date(lastSign));
   * ```
   */
  async lifeSigns(runs: readonly RunEntity[], options: LifeSignsOptions = {}): Promise<readonly LifeSign[]> {
    if (!Array.isArray(runs)) throw invalidArgument("runs", runs, "runs, as search and get answer them");
    const { lifeSigns, lifeSignsOptionsSchema } = await loadLife();
    const { olderThanMs } = checkArgument("options", lifeSignsOptionsSchema, options);
    return await lifeSigns(this.#backend, runs, olderThanMs);
  }

  /**
   * Runs that say they are RUNNING, and that nobody seems to be at work on.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, when the first is asked for
   */
  async *stale(options: StaleRunsOptions = {}): AsyncGenerator<StaleRun, void, undefined> {
    const { findStale, staleRunsSchema } = await loadLife();
    yield* findStale(this.#backend, checkArgument("options", staleRunsSchema, options));
  }

  /**
   * Ends stale runs as KILLED, at the time of their last sign of life, with the tag `tidemark.reaped`, which says why. A run that lives after
   * all undoes it when it goes on logging, or ends as it would have.
   *
   * @returns The runs that were ended, as they were before; with `dryRun` those that would be
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, or the backend's error
   * @example
   * ```ts
   * import { connect } from "tidemark";
   *
   * const client = await connect("./mlruns");
   * for (const { run, lastSign } of await client.runs.reap({ dryRun: true })) console.log(run.name, new Date(lastSign));
   * ```
   */
  async reap(options: ReapOptions = {}): Promise<readonly StaleRun[]> {
    const { reapSchema, reapStale } = await loadLife();
    return await reapStale(this.#backend, checkArgument("options", reapSchema, options));
  }

  /** Marks a run as deleted: it stays where it is, and searches don't show it. */
  async delete(runId: string): Promise<void> {
    await this.#store.deleteRun(checkArgument("runId", runIdSchema, runId));
  }

  /** Brings a deleted run back. */
  async restore(runId: string): Promise<void> {
    await this.#store.restoreRun(checkArgument("runId", runIdSchema, runId));
  }

  /** Changes name, status or end time. */
  async update(update: UpdateRun): Promise<void> {
    await this.#store.updateRun(checkArgument("update", updateRunSchema, update));
  }

  /**
   * Writes values, params and tags to a run and waits until they are at the backend. The timestamp of a metric defaults to now,
   * its step to 0, as in MLflow.
   *
   * @throws {TidemarkError} the backend's error when anything was not taken
   */
  async logBatch(input: LogBatch): Promise<void> {
    const { runId, metrics = [], params = [], tags = [] } = checkArgument("batch", logBatchSchema, input);
    const series: Series[] = [];
    const seriesIds = new Map<string, number>();
    const now = Date.now();
    for (const { key } of metrics) if (!seriesIds.has(key)) seriesIds.set(key, series.push({ key }) - 1);
    await writeOnce(this.#store, runId, {
      series,
      metrics: {
        length: metrics.length,
        seriesIds: Uint32Array.from(metrics, ({ key }) => seriesIds.get(key) as number),
        values: Float64Array.from(metrics, ({ value }) => value),
        timestamps: Float64Array.from(metrics, ({ timestamp }) => timestamp ?? now),
        steps: Float64Array.from(metrics, ({ step }) => step ?? 0),
      },
      params,
      tags,
    });
  }

  /** Records datasets and logged models that a run used. */
  async logInputs(input: LogInputs): Promise<void> {
    const { runId, datasets = [], models = [] } = checkArgument("inputs", logInputsSchema, input);
    if (datasets.length > 0) await writeOnce(this.#store, runId, { inputs: datasets });
    if (models.length > 0) await this.#store.logModelInputs(runId, models);
  }

  /** Records logged models that a run produced. */
  async logOutputs(input: LogOutputs): Promise<void> {
    const { runId, models } = checkArgument("outputs", logOutputsSchema, input);
    await this.#store.logModelOutputs(
      runId,
      models.map(({ modelId, step = 0 }) => ({ modelId, step })),
    );
  }

  /** Sets one tag; the last value wins. */
  async setTag(input: { runId: string; key: string; value: string }): Promise<void> {
    const { runId, ...tag } = checkArgument("tag", setTagSchema, input);
    await writeOnce(this.#store, runId, { tags: [tag] });
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where the run has no such tag */
  async deleteTag(input: { runId: string; key: string }): Promise<void> {
    const { runId, key } = checkArgument("tag", deleteTagSchema, input);
    await this.#store.deleteTag(runId, key);
  }

  /**
   * The marks that `run.mark` has made, oldest first.
   *
   * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where there is no such run
   */
  async marks(runId: string): Promise<readonly RunMark[]> {
    const id = checkArgument("runId", runIdSchema, runId);
    if (this.#store.marks !== undefined) return await this.#store.marks(id);
    const { taggedMarks } = await import("./rewind/tagged-marks.ts");
    return taggedMarks((await this.#store.getRun(id)).tags);
  }

  /**
   * All values of one metric as columns, ordered by step, then timestamp, then as logged. Empty where the run has no such
   * metric.
   *
   * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where there is no such run
   */
  async metricHistory(runId: string, key: string): Promise<MetricHistory> {
    const history = await this.#store.metricHistory(
      checkArgument("runId", runIdSchema, runId),
      checkArgument("key", keyOf("metric"), key),
    );
    return displayedBy(history, async function (this: MetricHistory) {
      const { showHistory } = await import("./display/show-history.ts");
      return showHistory(key, this);
    });
  }
}
