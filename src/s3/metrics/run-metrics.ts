import { randomBytes, randomUUID } from "node:crypto";
import { warnOnce } from "../../base/diagnostics.ts";
import { invalidArgument, messageOf } from "../../base/errors.ts";
import { orderPoints } from "../../base/point-order.ts";
import { runIsWritten } from "../../base/store-errors.ts";
import type { Batch, Mark, MetricColumns, Series } from "../../contract/batch.ts";
import type { RewindTarget, RunMark } from "../../contract/tracking-store.ts";
import type { Metric, MetricHistory } from "../../schema/metric.ts";
import { byMetric, type ModelMetric } from "../../schema/model.ts";
import type { S3Client } from "../client.ts";
import type { S3RequestOptions } from "../object-requests.ts";
import { isMissingObject } from "../s3-error.ts";
import { changeManifest } from "./change-manifest.ts";
import { compactMetrics } from "./compaction.ts";
import { byKey, bySeries, type LatestOfSeries, latestOf } from "./latest-points.ts";
import { type MetricsPlace, manifestKey, type Snapshot, takeSnapshot } from "./live-files.ts";
import { listedMarks, marked, rewound } from "./log-parts.ts";
import { readManifest } from "./manifest.ts";
import { mergeRows } from "./merge-rows.ts";
import type { MetricRows } from "./metric-rows.ts";
import { filesMissing } from "./objects.ts";
import { readCompacted, readLatestOfAll, readSegments } from "./read-files.ts";
import { SegmentWriter } from "./segment-writer.ts";

/** What it takes to keep the metrics of one run in a bucket. */
export interface RunMetricsOptions {
  readonly client: S3Client;
  /** The key of the run's directory, with its slash: `…/runs/run=<id>/`. */
  readonly prefix: string;
  readonly runId: string;
  /** Names the process in the keys of what it writes. Letters, digits, `-` and `_`, at most 64. */
  readonly writerId: string;
}

/** So many segments are put together. */
const MOST_LIVE_SEGMENTS = 64;
/** Files that go away while they are read, because somebody puts them together: seldom twice in a row. */
const MOST_READ_TRIES = 10;

/**
 * The metrics of one run in a bucket: every hand-over writes an immutable file of its own, `seg/…`, with nobody to agree with; from time to time
 * they are put together, `cmp/…`, and `metrics.json` says what is where. Any number of processes may write, read and compact at once.
 */
export class RunMetrics {
  readonly #place: MetricsPlace;
  readonly #writer: SegmentWriter;
  #liveSegments = 0;
  #compacting: Promise<void> | undefined;

  /** Nothing is asked of the bucket yet. @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
  constructor({ client, prefix, runId, writerId }: RunMetricsOptions) {
    if (!prefix.endsWith("/")) throw invalidArgument("prefix", prefix, "the key of a directory, with its slash");
    if (!/^[\w-]{1,64}$/.test(writerId))
      throw invalidArgument("writerId", writerId, "1 to 64 letters, digits, - and _");
    this.#place = { client, prefix, runId };
    // One process may open a run twice, and each has to count by itself.
    this.#writer = new SegmentWriter(this.#place, `${writerId}-${randomBytes(4).toString("hex")}`);
  }

  /**
   * Writes values. They are in the bucket when this settles. One call at a time; one that failed may be repeated with the same values or with
   * others: none is there twice for that. Now and then it starts a compaction, which it does not wait for.
   *
   * @throws {TidemarkError} S3's; `NOT_IMPLEMENTED` where `hyparquet-writer` is not installed; `CANCELLED`
   */
  async append(columns: Batch["metrics"], series: readonly Series[], signal?: AbortSignal): Promise<void> {
    this.#liveSegments += await this.#writer.write(columns, series, { signal });
    if (this.#liveSegments < MOST_LIVE_SEGMENTS || this.#compacting !== undefined) return;
    void this.compact().catch((error: unknown) => {
      warnOnce(`compact-s3:${this.#place.client.bucket}`, `cannot put metrics together: ${messageOf(error)}`);
    });
  }

  /**
   * Puts the segments together. Safe wherever it stops, and when several do it at once. Calls while one is going on get the same.
   *
   * @throws {TidemarkError} S3's; `DATA_DAMAGED`; `NOT_IMPLEMENTED` where `hyparquet-writer` is not installed
   */
  async compact(signal?: AbortSignal): Promise<void> {
    await this.#compacting?.catch(() => {});
    this.#compacting ??= this.#compact(signal);
    await this.#compacting;
  }

  async #compact(signal: AbortSignal | undefined): Promise<void> {
    // Also after a failure: the next try comes with as many new ones.
    this.#liveSegments = 0;
    try {
      await compactMetrics(this.#place, { signal });
    } finally {
      this.#compacting = undefined;
    }
  }

  /** All values of a metric, by step, then timestamp, then as logged. @throws {TidemarkError} S3's; `DATA_DAMAGED` */
  async history(key: string, signal?: AbortSignal): Promise<MetricHistory> {
    const files = await this.#read({ signal }, async ({ manifest, live }) => [
      ...(await readCompacted(this.#place, manifest.objs, manifest, { key, signal })),
      ...(await readSegments(this.#place, live, manifest, { key, signal })),
    ]);
    const { length, steps, timestamps, values } = columnsOf(files.filter(({ columns }) => columns.length > 0));
    return orderPoints({
      steps: steps.subarray(0, length),
      timestamps: timestamps.subarray(0, length),
      values: values.subarray(0, length),
    });
  }

  /** The latest value of every metric, as MLflow chooses it: by step, then timestamp, then value. */
  async latest(signal?: AbortSignal): Promise<Metric[]> {
    const points = latestOf(await this.#latest(signal), byKey);
    return points.map(({ series: { key }, step, timestamp, value }) => ({ key, value, timestamp, step }));
  }

  /** The latest value of every metric that was measured on a model, one per dataset. */
  async modelMetrics(modelId: string, signal?: AbortSignal): Promise<ModelMetric[]> {
    const ofModel = (await this.#latest(signal)).filter(({ series }) => series.modelId === modelId);
    return latestOf(ofModel, bySeries)
      .map(({ series: { key, dataset }, step, timestamp, value }) => ({
        key,
        value,
        timestamp,
        step,
        runId: this.#place.runId,
        ...(dataset === undefined ? {} : { datasetName: dataset.name, datasetDigest: dataset.digest }),
      }))
      .sort(byMetric);
  }

  /** When values last came, by the storage's clock, in milliseconds since 1970; `undefined` where none have. */
  async lastWriteTime(signal?: AbortSignal): Promise<number | undefined> {
    const { manifest, live } = await takeSnapshot(this.#place, { signal });
    const times = live.map(({ object }) => object.lastModified.getTime()).filter((time) => !Number.isNaN(time));
    const newest = times.reduce((a, b) => Math.max(a, b), manifest.lastWrite ?? Number.NEGATIVE_INFINITY);
    return newest === Number.NEGATIVE_INFINITY ? undefined : newest;
  }

  /** Sets marks behind all that is in the bucket. One that comes a second time stays where it was. */
  async mark(marks: readonly Mark[], signal?: AbortSignal): Promise<void> {
    for (const mark of marks)
      await changeManifest(this.#place, { signal }, ({ manifest, live }) => marked(manifest, live, mark));
  }

  /** The marks, oldest first. */
  async marks(signal?: AbortSignal): Promise<RunMark[]> {
    const { client, prefix } = this.#place;
    return listedMarks((await readManifest(client, manifestKey(prefix), { signal })).manifest);
  }

  /**
   * Drops what was written behind a mark, or from steps on, by one write: others see all of it or nothing.
   *
   * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` for a missing mark; `INVALID_STATE` where another program has taken the run back meanwhile
   */
  async rewind(to: RewindTarget, signal?: AbortSignal): Promise<void> {
    const { runId } = this.#place;
    const id = randomUUID();
    let rewinds: number | undefined;
    await changeManifest(this.#place, { signal }, ({ manifest, live }) => {
      // The try before may have been the one that did it.
      if (manifest.ids?.includes(id) === true) return undefined;
      rewinds ??= manifest.rewinds ?? 0;
      if (rewinds !== (manifest.rewinds ?? 0)) throw runIsWritten(runId, "another program takes it back");
      return rewound(manifest, live, to, { id, runId });
    });
  }

  async #latest(signal: AbortSignal | undefined): Promise<LatestOfSeries[]> {
    return await this.#read({ signal }, (snapshot) => readLatestOfAll(this.#place, snapshot, { signal }));
  }

  /** Reads what was there at one moment; begins again where some of it is gone by then. */
  async #read<T>(options: S3RequestOptions, read: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const snapshot = await takeSnapshot(this.#place, options);
      try {
        return await read(snapshot);
      } catch (error) {
        if (!isMissingObject(error)) throw error;
        if (tries === MOST_READ_TRIES) throw filesMissing(this.#place, error);
      }
    }
  }
}

/** One file has nothing twice, and is in order already, nearly always. */
function columnsOf(files: readonly MetricRows[]): MetricColumns {
  const [only] = files;
  return only !== undefined && files.length === 1 ? only.columns : mergeRows(files).columns;
}
