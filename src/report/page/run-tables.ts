import { isSmallerBetter } from "../../base/metric-direction.ts";
import { byName } from "../by-name.ts";
import type { Pair, ReportPayload, ReportRun } from "../payload.ts";
import type { CurveSummary } from "./data.ts";
import { element } from "./dom.ts";
import { shortNumber, wholeNumber } from "./format.ts";
import { longTable } from "./long-table.ts";
import { runHead } from "./run-label.ts";

interface PairRow {
  readonly key: string;
  /** One per run. */
  readonly values: readonly (string | undefined)[];
}

/** Names and values of all runs side by side. `undefined` where no run has any. */
export function pairTable(
  label: string,
  runs: readonly ReportRun[],
  pairsOf: (run: ReportRun) => readonly Pair[],
): HTMLElement | undefined {
  const maps = runs.map((run) => new Map(pairsOf(run)));
  const keys = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort(byName);
  if (keys.length === 0) return undefined;
  const rows = keys.map((key): PairRow => ({ key, values: maps.map((map) => map.get(key)) }));
  const differs = ({ values }: PairRow) => values.some((value) => value !== values[0]);
  return longTable({
    label,
    heads: ["Name", ...(runs.length === 1 ? ["Value"] : runs.map(runHead))],
    rows,
    cells: ({ key, values }) => [key, ...values.map((value) => value ?? absent())],
    textOf: ({ key, values }) => [key, ...values].join(" "),
    ...(runs.length > 1 ? { differs } : {}),
  });
}

const absent = (): HTMLElement => element("span", { class: "absent", "aria-label": "none" }, "–");

interface MetricRow {
  readonly key: string;
  readonly isSmallerBetter: boolean;
  /** One per run. */
  readonly found: readonly ({ readonly summary: CurveSummary; readonly logged: number } | undefined)[];
}

/** The last and the best value of every metric. */
export function metricTable(
  { runs, metricKeys, curves }: ReportPayload,
  summaries: readonly CurveSummary[],
  isShown: (key: string) => boolean,
): HTMLElement | undefined {
  const rows = metricKeys.map((key) => ({
    key,
    isSmallerBetter: isSmallerBetter(key),
    found: runs.map((): MetricRow["found"][number] => undefined),
  }));
  for (const [index, { key, run, logged }] of curves.entries()) {
    const found = rows[key]?.found;
    if (found !== undefined) found[run] = { summary: summaries[index] as CurveSummary, logged };
  }
  const shown = rows.filter(({ key }) => isShown(key));
  if (shown.length === 0) return undefined;
  return runs.length === 1 ? ofOneRun(shown) : ofRuns(runs, shown);
}

const bestOf = (row: MetricRow, { smallest, smallestStep, largest, largestStep }: CurveSummary) =>
  row.isSmallerBetter ? { value: smallest, step: smallestStep } : { value: largest, step: largestStep };

function exact(value: number): HTMLElement {
  return element("span", { title: String(value) }, shortNumber(value));
}

function ofOneRun(rows: readonly MetricRow[]): HTMLElement {
  return longTable({
    label: "Metrics",
    heads: ["Name", "Last", "Best", "at step", "Smallest", "Largest", "Values"],
    rows,
    numbers: (column) => column > 0,
    textOf: ({ key }) => key,
    cells: (row) => {
      const [only] = row.found;
      if (only === undefined) return [row.key];
      const { summary, logged } = only;
      const best = bestOf(row, summary);
      return [
        row.key,
        exact(summary.last),
        exact(best.value),
        wholeNumber(best.step),
        exact(summary.smallest),
        exact(summary.largest),
        wholeNumber(logged),
      ];
    },
  });
}

function ofRuns(runs: readonly ReportRun[], rows: readonly MetricRow[]): HTMLElement {
  return longTable({
    label: "Metrics",
    heads: ["Name", ...runs.map(runHead)],
    rows,
    numbers: (column) => column > 0,
    textOf: ({ key }) => key,
    differs: ({ found }) => found.some((one) => !Object.is(one?.summary.last, found[0]?.summary.last)),
    cells: (row) => {
      const bests = row.found.map((one) => (one === undefined ? Number.NaN : bestOf(row, one.summary).value));
      const numbers = bests.filter((best) => !Number.isNaN(best));
      const winner = row.isSmallerBetter ? Math.min(...numbers) : Math.max(...numbers);
      const isContest = numbers.length > 1 && numbers.some((best) => best !== winner);
      return [
        row.key,
        ...row.found.map((one, run) => {
          if (one === undefined) return absent();
          const isBest = isContest && bests[run] === winner;
          const best = bestOf(row, one.summary);
          return element(
            "span",
            { class: isBest ? "value best" : "value" },
            exact(one.summary.last),
            element(
              "small",
              { title: `${best.value} at step ${best.step}` },
              `${isBest ? "★ " : ""}best ${shortNumber(best.value)}`,
            ),
          );
        }),
      ];
    },
  });
}
