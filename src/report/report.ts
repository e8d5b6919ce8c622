import { invalidArgument } from "../base/errors.ts";
import { defaultClient } from "../fluent/configure.ts";
import { checkArgument } from "../schema/check.ts";
import type { Experiment } from "../schema/experiment.ts";
import { DESCRIPTION_TAG } from "../schema/known-tags.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import { type Curve, collectCurves } from "./collect-curves.ts";
import { collectRun } from "./collect-run.ts";
import { POINTS_PER_BLOCK } from "./embed.ts";
import { ImageAlbum } from "./image-album.ts";
import { Omissions } from "./omissions.ts";
import { type CheckedReportOptions, type ReportOptions, reportOptionsSchema } from "./options.ts";
import type { CurvePlace, LeftOut, ReportExperiment, ReportPayload, ReportRun } from "./payload.ts";
import { writePage } from "./write-page.ts";

/** A run, or its id: a run that is open, one that was, or what `client.runs.get` and `search` answer. */
export type ReportedRun = string | { readonly id: string };

/** What {@link report} answers. */
export interface ReportResult {
  /** The page, as `file` was given. */
  readonly file: string;
  readonly bytes: number;
  /** What the runs have and the page has not, or not whole, as the page says too. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Writes one HTML file that shows a run, or compares runs: curves, params, metrics, images by step, tables, confusion matrices, models with
 * their signatures, datasets, machine and environment. It needs no network and no server, and nothing in it loads anything.
 *
 * What an open run has logged until now is flushed first.
 *
 * @param runs - One run, or up to 200, each once, in the order in which they are to be shown.
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where there is no such run, `INVALID_PARAMETER_VALUE`, the codes of storage
 * @example
 * ```ts
 * import { startRun } from "tidemark";
 * import { report } from "tidemark/report";
 *
 * const run = await startRun({ experiment: "docs", params: { lr: 0.1 } });
 * for (let step = 0; step < 100; step++) run.logMetric("loss", 1 / (step + 1));
 * await run.end();
 * const { bytes, leftOut } = await report(run, { file: "report.html" });
 * console.log(`${bytes} bytes, ${leftOut.length} things left out`);
 * ```
 */
export async function report(
  runs: ReportedRun | readonly ReportedRun[],
  options: ReportOptions,
): Promise<ReportResult> {
  const limits = checkArgument("options", reportOptionsSchema, options);
  const given = readRuns(runs);
  const client = limits.client ?? (await defaultClient());
  for (const run of given) await flushOpen(run);
  const entities: RunEntity[] = [];
  for (const run of given) entities.push(await client.runs.get(idOf(run)));
  return await writeReport(client, entities, limits);
}

const MOST_RUNS = 200;

function readRuns(runs: ReportedRun | readonly ReportedRun[]): ReportedRun[] {
  const given = Array.isArray(runs) ? [...runs] : [runs as ReportedRun];
  if (given.length === 0 || given.length > MOST_RUNS) {
    throw invalidArgument("runs", runs, `a run, or 1 to ${MOST_RUNS} of them`);
  }
  for (const [index, run] of given.entries()) {
    if (typeof run === "string" || (typeof run === "object" && run !== null && typeof run.id === "string")) continue;
    throw invalidArgument(Array.isArray(runs) ? `runs.${index}` : "runs", run, "a run or its id");
  }
  const byId = new Map(given.map((run) => [idOf(run), run]));
  return [...byId.values()];
}

const idOf = (run: ReportedRun): string => (typeof run === "string" ? run : run.id);

/** A run that is open has values on their way. One that has ended has none. */
async function flushOpen(run: ReportedRun): Promise<void> {
  if (typeof run === "string" || !("flush" in run) || typeof run.flush !== "function") return;
  await run.flush();
}

async function writeReport(
  client: Client,
  entities: readonly RunEntity[],
  limits: CheckedReportOptions,
): Promise<ReportResult> {
  const omissions = new Omissions(limits.maxTextLength);
  const experiments = await readExperiments(client, entities);
  const curves = await collectCurves(client, entities, limits.maxPoints, omissions);
  const album = new ImageAlbum(limits, omissions);
  const collection = {
    client,
    limits,
    omissions,
    album,
    experimentNames: new Map(experiments.map(({ id, name }) => [id, name])),
    mostImageBytes: limits.maxTotalImageBytes / entities.length,
  };
  const runs: ReportRun[] = [];
  for (const entity of entities) runs.push(await collectRun(entity, collection));
  const metricKeys = [...new Set(curves.map(({ key }) => key))];
  const payload: ReportPayload = {
    title: omissions.cut(limits.title ?? titleOf(runs, experiments)),
    madeAt: Date.now(),
    uri: client.uri,
    experiments: experiments.map((experiment) => showExperiment(experiment, omissions)),
    runs,
    metricKeys: metricKeys.map((key) => omissions.cut(key)),
    curves: placesOf(curves, metricKeys),
    pointsPerBlock: POINTS_PER_BLOCK,
    leftOut: omissions.all,
  };
  const bytes = await writePage(limits.file, { payload, curves, images: album.images });
  return { file: limits.file, bytes, leftOut: omissions.all };
}

async function readExperiments(client: Client, runs: readonly RunEntity[]): Promise<Experiment[]> {
  const experiments: Experiment[] = [];
  for (const id of new Set(runs.map(({ experimentId }) => experimentId))) {
    experiments.push(await client.experiments.get(id));
  }
  return experiments;
}

function showExperiment({ id, name, tags }: Experiment, omissions: Omissions): ReportExperiment {
  const description = tags[DESCRIPTION_TAG];
  return {
    id,
    name: omissions.cut(name),
    ...(description === undefined ? {} : { description: omissions.cut(description) }),
  };
}

function titleOf(runs: readonly ReportRun[], experiments: readonly Experiment[]): string {
  const [first] = runs;
  if (runs.length === 1 && first !== undefined) return first.name;
  const where = experiments.length === 1 ? ` of ${experiments[0]?.name}` : "";
  return `${runs.length} runs${where}`;
}

function placesOf(curves: readonly Curve[], metricKeys: readonly string[]): CurvePlace[] {
  const positions = new Map(metricKeys.map((key, index) => [key, index]));
  let start = 0;
  return curves.map(({ key, run, logged, points }) => {
    const { length } = points.values;
    const place = { key: positions.get(key) as number, run, start, length, logged };
    start += length;
    return place;
  });
}
