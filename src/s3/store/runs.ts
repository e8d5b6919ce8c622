import { setTimeout as sleep } from "node:timers/promises";
import { newId, newRunName } from "../../base/ids.ts";
import { idTaken, noSuchMark, runIsWritten } from "../../base/store-errors.ts";
import type { Batch } from "../../contract/batch.ts";
import type { ImportedRun } from "../../contract/importer.ts";
import type { Page, RewindTarget, RunMark, RunQuery } from "../../contract/tracking-store.ts";
import { RUN_NAME_TAG } from "../../schema/known-tags.ts";
import type { Metric, MetricHistory } from "../../schema/metric.ts";
import type { Tag } from "../../schema/param.ts";
import { type CreateRun, hasEnded, type RunEntity, type UpdateRun } from "../../schema/run.ts";
import { parseFilter } from "../../search/filter.ts";
import { parseOrderBy } from "../../search/order-by.ts";
import { cutPage, isShown } from "../../search/page.ts";
import { RUN_VOCABULARY } from "../../search/vocabulary.ts";
import { RunMetrics } from "../metrics/run-metrics.ts";
import { inParallel } from "../parallel.ts";
import type { Background } from "./background.ts";
import type { ColumnName } from "./chunk/column.ts";
import type { ExperimentHead } from "./experiment-head.ts";
import type { Experiments } from "./experiments.ts";
import { FoundRun } from "./found-run.ts";
import type { Content } from "./heads.ts";
import { isId, runDirectory } from "./layout.ts";
import { searchedColumns } from "./run-columns.ts";
import { isReaped, type RunContent, reaped, revived, runEntity, updated, withoutLatest } from "./run-head.ts";
import { RunHeads } from "./run-heads.ts";
import type { S3Place } from "./s3-place.ts";
import { newNonce } from "./store-objects.ts";
import { storeMetric } from "./stored-metric.ts";
import { withTexts } from "./text-record.ts";

const PARALLEL_READS = 16;
/** A young run is written to that often; of an older one nobody can be so sure. */
const SILENCE_MS = 5_000;
const NO_METRICS: readonly Metric[] = [];

/** Runs: what their heads say, and metrics in segments. */
export class Runs {
  readonly heads: RunHeads;
  readonly #place: S3Place;
  readonly #experiments: Experiments;

  constructor(place: S3Place, experiments: Experiments, background: Background) {
    this.#place = place;
    this.#experiments = experiments;
    this.heads = new RunHeads(place, experiments, background);
  }

  async create({ experimentId, name, startTime, userId, tags = {} }: CreateRun): Promise<RunEntity> {
    const experiment = await this.#experiments.active(experimentId);
    const id = newId();
    const runName = name ?? (Object.hasOwn(tags, RUN_NAME_TAG) ? tags[RUN_NAME_TAG] : undefined) ?? newRunName();
    const content: RunContent = {
      id,
      experimentId,
      name: runName,
      userId: userId ?? "unknown",
      status: "RUNNING",
      startTime: startTime ?? Date.now(),
      ...artifactUriIn(experiment, id),
      params: {},
      tags: withTexts(tags, [[RUN_NAME_TAG, runName]]),
      inputs: [],
      modelInputs: [],
      modelOutputs: [],
    };
    // The id is random: nobody else has made it.
    await this.heads.create(content);
    return runEntity(content, experiment, this.#place.uri, NO_METRICS);
  }

  /**
   * Makes a run that another store has: open, until its values are there. Answers where its artifacts are.
   *
   * @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS`
   */
  async import(run: ImportedRun, values?: AsyncIterable<Batch>): Promise<string> {
    const experiment = await this.#experiments.active(run.experimentId);
    if (!isId(run.id)) throw idTaken("run", run.id, this.#place.uri);
    const { status, endTime, ...open } = run;
    const { id, params, tags, inputs, modelInputs, modelOutputs } = open;
    const content: RunContent = {
      ...open,
      status: "RUNNING",
      ...artifactUriIn(experiment, id),
      params: { ...params },
      tags: { ...tags },
      inputs: [...inputs],
      modelInputs: [...modelInputs],
      modelOutputs: [...modelOutputs],
    };
    const made = await this.heads.create(content);
    if (made === undefined) throw idTaken("run", id, this.#place.uri);
    const metrics = this.metrics(id);
    for await (const batch of values ?? []) await metrics.append(batch.metrics, batch.series);
    const end = { status, ...(endTime === undefined ? {} : { endTime }) };
    if (status !== "RUNNING" || endTime !== undefined) await this.update({ runId: id, ...end });
    return runEntity(content, experiment, this.#place.uri, NO_METRICS).artifactUri;
  }

  async get(runId: string): Promise<RunEntity> {
    const head = await this.heads.read(runId);
    const [experiment, latest] = await Promise.all([
      this.#experiments.head(head.experimentId),
      head.latestMetrics === undefined ? this.metrics(runId).latest() : NO_METRICS,
    ]);
    return runEntity(head, experiment, this.#place.uri, latest);
  }

  async search(query: RunQuery): Promise<Page<RunEntity>> {
    const matches = parseFilter(query.filter, RUN_VOCABULARY);
    const order = parseOrderBy(query.orderBy, RUN_VOCABULARY);
    const fields = [...matches.fields, ...order.map(({ field }) => field)];
    const needsMetrics = fields.some(({ kind }) => kind === "metric");
    const columns = searchedColumns(fields);
    const ids = (await this.#place.readable()) ? [...new Set(query.experimentIds)].filter(isId) : [];
    const tasks = ids.map((id) => () => this.#inExperiment(id, query.viewType, columns, needsMetrics));
    const runs = (await inParallel(tasks, PARALLEL_READS, undefined)).flat().filter(matches);
    const { items, ...rest } = cutPage(
      runs,
      (run) => run,
      order,
      query,
      (run) => run,
    );
    // Where nobody asked for metrics, those of open runs are looked up for the runs that are shown.
    if (!needsMetrics) await this.#lookUpMetrics(items);
    return { items: await Promise.all(items.map((run) => run.entity())), ...rest };
  }

  async update({ runId, ...changes }: UpdateRun): Promise<void> {
    const head = await this.heads.readActive(runId);
    const isEnd = changes.status !== undefined && hasEnded(changes.status);
    const latest = isEnd ? await this.#closeMetrics(runId) : undefined;
    await this.heads.change(runId, (run) => {
      const next = updated(run, changes);
      return latest === undefined ? next : { ...next, latestMetrics: latest.map(storeMetric) };
    });
    if (isEnd) this.heads.compactSoon(head.experimentId);
  }

  /** The newest object of each run, by the clock of the storage. */
  async lastWrites(runs: readonly RunEntity[]): Promise<readonly number[]> {
    const tasks = runs.map(({ id }) => async () => {
      if (!isId(id)) return 0;
      const objects = await this.#place.objects.list(`${runDirectory(id)}/`);
      return objects.reduce((newest, { lastModified }) => Math.max(newest, lastModified.getTime() || 0), 0);
    });
    return await inParallel(tasks, PARALLEL_READS, undefined);
  }

  async reap(runId: string, endTime: number, tag: Tag): Promise<boolean> {
    const { status, experimentId } = await this.heads.readActive(runId);
    if (status !== "RUNNING") return false;
    const latest = (await this.#closeMetrics(runId)).map(storeMetric);
    let isDone = false;
    await this.heads.change(runId, (head) => {
      const next = reaped(head, endTime, tag);
      isDone = next !== head;
      return isDone ? { ...next, latestMetrics: latest } : head;
    });
    if (isDone) this.heads.compactSoon(experimentId);
    return isDone;
  }

  async revive(runId: string, tagKey: string): Promise<boolean> {
    if (!isReaped(await this.heads.read(runId), tagKey)) return false;
    let isDone = false;
    await this.heads.change(runId, (head) => {
      const next = revived(head, tagKey);
      isDone = next !== head;
      return next;
    });
    return isDone;
  }

  async delete(runId: string): Promise<void> {
    const head = await this.heads.read(runId);
    const { restores } = await this.#experiments.head(head.experimentId);
    await this.heads.changeAny(runId, (run) =>
      run.deletedIn === restores ? run : { ...run, deletedIn: restores, deletedTime: Date.now() },
    );
  }

  async restore(runId: string): Promise<void> {
    await this.heads.changeAny(runId, (run) => {
      if (run.deletedIn === undefined) return run;
      const { deletedIn: _deletedIn, deletedTime: _deletedTime, ...rest } = run;
      return rest;
    });
  }

  async history(runId: string, key: string): Promise<MetricHistory> {
    await this.heads.read(runId);
    return await this.metrics(runId).history(key);
  }

  async marks(runId: string): Promise<readonly RunMark[]> {
    await this.heads.read(runId);
    return await this.metrics(runId).marks();
  }

  /** The cut itself is one write; before it the head gives away what it says of the latest values, and after it has it again. */
  async rewind(runId: string, to: RewindTarget): Promise<void> {
    const { status, latestMetrics } = await this.heads.readActive(runId);
    const metrics = this.metrics(runId);
    if ("mark" in to) {
      const names = (await metrics.marks()).map(({ name }) => name);
      if (!names.includes(to.mark)) throw noSuchMark(runId, to.mark, names);
    }
    await this.#place.writable();
    if (!hasEnded(status)) await refuseWriters(runId, metrics);
    if (latestMetrics !== undefined) await this.reopenMetrics(runId);
    await metrics.rewind(to);
    await this.settleMetrics(runId);
  }

  /** Before a segment is written. */
  async writable(): Promise<void> {
    await this.#place.writable();
  }

  metrics(runId: string): RunMetrics {
    const { objects } = this.#place;
    const prefix = objects.keyOf(`${runDirectory(runId)}/`);
    return new RunMetrics({ client: objects.client, prefix, runId, writerId: newNonce() });
  }

  /** Before values are written to a run that has ended: from now on readers look into the segments. */
  async reopenMetrics(runId: string): Promise<void> {
    await this.heads.change(runId, withoutLatest);
  }

  /** After values were written to a run that has ended. */
  async settleMetrics(runId: string): Promise<void> {
    const { status, latestMetrics } = await this.heads.read(runId);
    if (!hasEnded(status)) return;
    const latest = await this.#closeMetrics(runId);
    if (JSON.stringify(latest.map(storeMetric)) === JSON.stringify(latestMetrics)) return;
    await this.heads.changeAny(runId, (run) =>
      hasEnded(run.status) ? { ...run, latestMetrics: latest.map(storeMetric) } : run,
    );
  }

  async #closeMetrics(runId: string): Promise<readonly Metric[]> {
    const metrics = this.metrics(runId);
    await metrics.compact();
    return await metrics.latest();
  }

  async #inExperiment(
    id: string,
    viewType: RunQuery["viewType"],
    columns: readonly ColumnName[],
    needsMetrics: boolean,
  ): Promise<FoundRun[]> {
    const [experiment, rows] = await Promise.all([this.#experiments.find(id), this.heads.rowsIn(id, columns)]);
    if (experiment === undefined) return [];
    const runs = rows
      .map((row) => new FoundRun(row, experiment, this.#place.uri))
      .filter(({ lifecycleStage }) => isShown(viewType, lifecycleStage));
    if (needsMetrics) await this.#lookUpMetrics(runs);
    return runs;
  }

  async #lookUpMetrics(runs: readonly FoundRun[]): Promise<void> {
    const tasks = runs
      .filter(({ isOpen }) => isOpen)
      .map((run) => async () => run.setLatest(await this.metrics(run.id).latest()));
    await inParallel(tasks, PARALLEL_READS, undefined);
  }
}

/** Waits until nobody can have written for a while, and sees whether somebody has done so meanwhile. */
async function refuseWriters(runId: string, metrics: RunMetrics): Promise<void> {
  const before = await metrics.lastWriteTime();
  const waitMs = SILENCE_MS - Math.abs(Date.now() - (before ?? 0));
  if (waitMs <= 0) return;
  await sleep(waitMs);
  if ((await metrics.lastWriteTime()) !== before) throw runIsWritten(runId, "another program writes to it");
}

/** Runs of an experiment whose artifacts are elsewhere have theirs there. */
const artifactUriIn = (
  { artifactLocation }: Content<ExperimentHead>,
  runId: string,
): Pick<RunContent, "artifactUri"> =>
  artifactLocation === undefined ? {} : { artifactUri: `${artifactLocation.replace(/\/+$/, "")}/${runId}/artifacts` };
