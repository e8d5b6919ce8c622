import type { MetricHistory } from "../schema/metric.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import { byName } from "./by-name.ts";
import { Extremes } from "./curves/extremes.ts";
import { pointsPerCurve, thinnedPositions } from "./curves/thin-curve.ts";
import type { Omissions } from "./omissions.ts";
import type { SUMMARY_COLUMNS } from "./payload.ts";

/** Histories read at once: enough to hide a server's latency, few enough not to flood it. */
const CONCURRENT_READS = 8;

type Summary = Readonly<Record<(typeof SUMMARY_COLUMNS)[number], number>>;

/** One metric of one run. */
export interface Curve {
  readonly key: string;
  /** Position among the runs. */
  readonly run: number;
  readonly logged: number;
  readonly summary: Summary;
  points: MetricHistory;
}

/** Reads all metrics of some runs, by key, then by run, with no more than `maxPoints` points in all. */
export async function collectCurves(
  client: Client,
  runs: readonly RunEntity[],
  maxPoints: number,
  omissions: Omissions,
): Promise<Curve[]> {
  const wanted = runs.flatMap(({ metrics }, run) => Object.keys(metrics).map((key) => ({ key, run })));
  wanted.sort((a, b) => byName(a.key, b.key) || a.run - b.run);
  const curves: Curve[] = [];
  let held = 0;
  for (let start = 0; start < wanted.length; start += CONCURRENT_READS) {
    const read = wanted.slice(start, start + CONCURRENT_READS).map(async ({ key, run }) => {
      const points = await client.runs.metricHistory((runs[run] as RunEntity).id, key);
      return { key, run, logged: points.values.length, summary: summarize(points), points: thin(points, maxPoints) };
    });
    const some = await Promise.all(read);
    curves.push(...some);
    held += some.reduce((sum, { points }) => sum + points.values.length, 0);
    // Now and then, so that memory is bounded too: the extremes of extremes are those of the whole.
    if (held > 2 * maxPoints) held = thinAll(curves, maxPoints);
  }
  thinAll(curves, maxPoints);
  for (const { key, run, logged, points } of curves) {
    const kept = points.values.length;
    if (kept === logged) continue;
    const why = `${kept.toLocaleString("en")} of ${logged.toLocaleString("en")} points are here, the extremes among them`;
    omissions.add({ what: "curve", runId: (runs[run] as RunEntity).id, name: key, why });
  }
  return curves;
}

/** Answers how many points are left. */
function thinAll(curves: readonly Curve[], maxPoints: number): number {
  const most = pointsPerCurve(
    curves.map(({ points }) => points.values.length),
    maxPoints,
  );
  let held = 0;
  for (const curve of curves) {
    curve.points = thin(curve.points, most);
    held += curve.points.values.length;
  }
  return held;
}

function thin(points: MetricHistory, most: number): MetricHistory {
  if (points.values.length <= most) return points;
  const positions = thinnedPositions(points.values, most);
  const pick = (column: Float64Array) => Float64Array.from(positions, (at) => column[at] as number);
  return { steps: pick(points.steps), timestamps: pick(points.timestamps), values: pick(points.values) };
}

function summarize({ steps, values }: MetricHistory): Summary {
  const at = (column: Float64Array, index: number | undefined) => column[index ?? -1] ?? Number.NaN;
  const last = values.length - 1;
  const extent = Extremes.of(values).between(0, values.length);
  return {
    last: at(values, last),
    lastStep: at(steps, last),
    smallest: at(values, extent?.smallest),
    smallestStep: at(steps, extent?.smallest),
    largest: at(values, extent?.largest),
    largestStep: at(steps, extent?.largest),
  };
}
