import { durationText } from "../base/amounts.ts";
import { TidemarkError } from "../base/errors.ts";
import { isoTime } from "../base/iso-time.ts";
import type { RunMark } from "../contract/tracking-store.ts";
import type { DatasetInput } from "../schema/dataset.ts";
import type { Experiment } from "../schema/experiment.ts";
import { DATASET_CONTEXT_TAG, isRecordedTag } from "../schema/known-tags.ts";
import { hasEnded, type RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import type { LifeSign } from "../tracking/life/life-signs.ts";
import { isMarkTag } from "../tracking/rewind/mark-tags.ts";
import { type ArtifactTree, artifactSection, listArtifactTree } from "./artifact-tree.ts";
import { findRun } from "./find-run.ts";
import { type MetricSummary, metricKeys, metricSection, summarizeMetrics } from "./metric-summary.ts";
import type { Output } from "./output.ts";
import { runJson, titleLine } from "./run-columns.ts";
import { pairLines, pairSection, tableSection } from "./sections.ts";
import { type Session, withClient } from "./session.ts";
import type { Cell } from "./table.ts";
import { safeText } from "./text.ts";
import { relativeTime } from "./times.ts";

/** Everything that is known of a run. */
interface RunDetails {
  readonly run: RunEntity;
  readonly experiment: Experiment;
  /** Where it is RUNNING. */
  readonly sign: LifeSign | undefined;
  readonly metrics: readonly MetricSummary[];
  readonly marks: readonly RunMark[];
  /** Or why they cannot be listed: they may be where this backend cannot look. */
  readonly artifacts: ArtifactTree | TidemarkError;
}

/** `tidemark runs show` */
export async function showRun(session: Session, { run: name }: { run: string }): Promise<undefined> {
  const { out, json } = session;
  const details = await withClient(session, async (client) => readDetails(client, await findRun(client, name)));
  if (json) out.json(forPrograms(details));
  else out.lines(detailLines(out, details));
  return undefined;
}

async function readDetails(client: Client, run: RunEntity): Promise<RunDetails> {
  const experiment = await client.experiments.get(run.experimentId);
  const [sign] = await client.runs.lifeSigns(run.status === "RUNNING" ? [run] : []);
  const metrics = await summarizeMetrics(client, run.id, metricKeys(run));
  const marks = await client.runs.marks(run.id);
  const artifacts = await listArtifactTree(client, run.id).catch((error: unknown) => {
    if (error instanceof TidemarkError) return error;
    throw error;
  });
  return { run, experiment, sign, metrics, marks, artifacts };
}

function forPrograms({ run, experiment, sign, metrics, marks, artifacts }: RunDetails) {
  const summaries = metrics.map(({ key, sparkline: _, ...numbers }) => [key, numbers] as const);
  const files = artifacts instanceof TidemarkError ? { error: artifacts.message } : artifacts;
  return { run: runJson(run, sign), experiment, metrics: Object.fromEntries(summaries), marks, artifacts: files };
}

function detailLines(out: Output, { run, experiment, sign, metrics, marks, artifacts }: RunDetails): string[] {
  const tags = Object.entries(run.tags)
    .filter(([key]) => !isMarkTag(key))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...headLines(out, run, experiment, sign),
    ...pairSection(out, "Params", Object.entries(run.params)),
    ...metricSection(out, metrics),
    ...pairSection(
      out,
      "Marks",
      marks.map(({ name, time }) => [name, isoTime(time)] as const),
    ),
    ...pairSection(
      out,
      "Tags",
      tags.filter(([key]) => !isRecordedTag(key)),
    ),
    ...tableSection(out, "Datasets", DATASET_COLUMNS, run.inputs.map(datasetCells)),
    ...pairSection(out, "Logged models", [
      ...run.modelInputs.map(({ modelId }) => [modelId, "used"] as const),
      ...run.modelOutputs.map(({ modelId, step }) => [modelId, `produced at step ${step}`] as const),
    ]),
    ...(artifacts instanceof TidemarkError
      ? pairSection(out, "Artifacts", [["cannot be listed", artifacts.message]])
      : artifactSection(out, artifacts)),
    ...pairSection(
      out,
      "Recorded",
      tags.filter(([key]) => isRecordedTag(key)),
    ),
  ];
}

function headLines(out: Output, run: RunEntity, experiment: Experiment, sign: LifeSign | undefined): string[] {
  const now = Date.now();
  const time = (timeMs: number) =>
    out.isTerminal ? `${isoTime(timeMs)} (${relativeTime(timeMs, now)})` : isoTime(timeMs);
  const facts: [string, string][] = [
    ["id", run.id],
    ["experiment", `${experiment.name} (${experiment.id})`],
    ["started", time(run.startTime)],
    ...(run.endTime === undefined || !hasEnded(run.status) ? [] : endFacts(run.startTime, run.endTime, time)),
    ...(sign?.isStale ? [["last sign", `${time(sign.lastSign)}${processText(sign)}`] as [string, string]] : []),
    ["user", run.userId],
    ["files", run.artifactUri],
  ];
  return [titleLine(out, run, sign), ...pairLines(out, facts)];
}

const processText = ({ process }: LifeSign): string => (process === "unknown" ? "" : `; its process is ${process}`);

const endFacts = (startMs: number, endMs: number, time: (timeMs: number) => string): [string, string][] => [
  ["ended", time(endMs)],
  ["duration", durationText(Math.max(0, endMs - startMs))],
];

const DATASET_COLUMNS = ["name", "context", "digest", "type", "source"].map((header) => ({ header }));

const datasetCells = ({ dataset, tags }: DatasetInput): Cell[] =>
  [dataset.name, tags[DATASET_CONTEXT_TAG] ?? "", dataset.digest, dataset.sourceType, dataset.source].map((text) => ({
    text: safeText(text),
  }));
