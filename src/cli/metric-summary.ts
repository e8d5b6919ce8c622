import { shortNumber } from "../base/short-number.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import type { Output } from "./output.ts";
import { tableSection } from "./sections.ts";
import { sparkline } from "./sparkline.ts";
import type { Cell, Column } from "./table.ts";
import { safeText } from "./text.ts";

/** Histories read at once: enough to hide a server's latency, few enough not to flood it. */
const CONCURRENT_READS = 8;
const SPARKLINE_WIDTH = 24;

/** A metric's history in a few numbers. */
export interface MetricSummary {
  readonly key: string;
  readonly first: number;
  readonly last: number;
  /** NaN only where there is nothing else. */
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sparkline: string;
}

/** Reads the histories of some of a run's metrics, and answers them in the order of the keys. */
export async function summarizeMetrics(
  client: Client,
  runId: string,
  keys: readonly string[],
): Promise<MetricSummary[]> {
  const summaries: MetricSummary[] = [];
  for (let start = 0; start < keys.length; start += CONCURRENT_READS) {
    const some = keys.slice(start, start + CONCURRENT_READS);
    const read = async (key: string) => summarize(key, (await client.runs.metricHistory(runId, key)).values);
    summaries.push(...(await Promise.all(some.map(read))));
  }
  return summaries;
}

/** The metrics of a run as a person looks for them. */
export function metricKeys({ metrics }: RunEntity): string[] {
  return Object.keys(metrics).sort();
}

function summarize(key: string, values: Float64Array): MetricSummary {
  let min = Number.NaN;
  let max = Number.NaN;
  for (const value of values) {
    if (!(value >= min)) min = Number.isNaN(value) ? min : value;
    if (!(value <= max)) max = Number.isNaN(value) ? max : value;
  }
  const first = values[0] ?? Number.NaN;
  const last = values.at(-1) ?? Number.NaN;
  return { key, first, last, min, max, count: values.length, sparkline: sparkline(values, SPARKLINE_WIDTH) };
}

const COLUMNS: readonly Column[] = [
  { header: "key" },
  { header: "first", align: "right" },
  { header: "last", align: "right" },
  { header: "min", align: "right" },
  { header: "max", align: "right" },
  { header: "values", align: "right" },
  { header: "history" },
];

/** The summaries as a table under a heading. */
export function metricSection(out: Output, summaries: readonly MetricSummary[]): string[] {
  const number = (value: number): Cell => ({ text: out.isTerminal ? shortNumber(value) : String(value) });
  const rows = summaries.map(({ key, first, last, min, max, count, sparkline }): Cell[] => [
    { text: safeText(key), style: "cyan" },
    ...[first, last, min, max].map(number),
    { text: String(count) },
    { text: sparkline },
  ]);
  return tableSection(out, "Metrics", COLUMNS, rows);
}
