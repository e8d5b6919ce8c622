import { isSmallerBetter } from "../base/metric-direction.ts";
import { shortNumber } from "../base/short-number.ts";
import { isRecordedTag, RUN_NAME_TAG } from "../schema/known-tags.ts";
import type { RunEntity } from "../schema/run.ts";
import { findRun } from "./find-run.ts";
import type { Output } from "./output.ts";
import { SHORT_ID_LENGTH } from "./run-columns.ts";
import { tableSection } from "./sections.ts";
import { type Session, withClient } from "./session.ts";
import { type Cell, type Column, printTable } from "./table.ts";
import { safeText } from "./text.ts";

export interface CompareOptions {
  readonly runs: readonly string[];
  readonly all?: true;
}

/** One key over all runs. */
export interface ComparedRow {
  readonly key: string;
  /** One per run; `undefined` where a run has none. */
  readonly values: readonly (string | number | undefined)[];
  /** Which of the values are the best, of metrics only. */
  readonly best: readonly number[];
}

export interface Comparison {
  readonly params: readonly ComparedRow[];
  readonly metrics: readonly ComparedRow[];
  readonly tags: readonly ComparedRow[];
}

/** Heads every column already, or belongs to no comparison: it names the run itself. */
const OWN_TAGS: ReadonlySet<string> = new Set([RUN_NAME_TAG]);

/** `tidemark runs compare` */
export async function compareRuns(session: Session, { runs: names, all }: CompareOptions): Promise<undefined> {
  const { out, json } = session;
  const runs = await withClient(session, async (client) => {
    const found: RunEntity[] = [];
    for (const name of names) found.push(await findRun(client, name));
    return found;
  });
  const comparison = compare(runs, all === true);
  if (json) out.json({ runs, ...comparison });
  else if (out.isTerminal) out.lines(sections(out, runs, comparison));
  else printRows(out, runs, comparison);
  return undefined;
}

/** What runs have and in what they differ. */
export function compare(runs: readonly RunEntity[], withEqual: boolean): Comparison {
  const rows = (kind: "params" | "metrics" | "tags") => {
    const keys = [...new Set(runs.flatMap((run) => Object.keys(run[kind])))].sort();
    return keys
      .map((key): ComparedRow => {
        const values = runs.map((run) => (Object.hasOwn(run[kind], key) ? run[kind][key] : undefined));
        return { key, values, best: kind === "metrics" ? bestOf(key, values as (number | undefined)[]) : [] };
      })
      .filter(({ values }) => withEqual || values.some((value) => !Object.is(value, values[0])));
  };
  const tags = rows("tags").filter(({ key }) => !OWN_TAGS.has(key));
  return { params: rows("params"), metrics: rows("metrics"), tags };
}

/** The positions of the best value: the smallest of a loss or an error, else the largest. */
function bestOf(key: string, values: readonly (number | undefined)[]): number[] {
  const numbers = values.filter((value) => value !== undefined && !Number.isNaN(value)) as number[];
  if (numbers.length < 2) return [];
  const best = isSmallerBetter(key) ? Math.min(...numbers) : Math.max(...numbers);
  return values.flatMap((value, index) => (value === best ? [index] : []));
}

function sections(out: Output, runs: readonly RunEntity[], { params, metrics, tags }: Comparison): string[] {
  const columns: Column[] = [
    { header: "" },
    ...runs.map(({ id, name }) => ({ header: `${safeText(name)} ${safeText(id.slice(0, SHORT_ID_LENGTH))}` })),
  ];
  const cells = ({ key, values, best }: ComparedRow): Cell[] => [
    { text: safeText(key), style: "cyan" },
    ...values.map((value, index): Cell => {
      const text = typeof value === "number" ? shortNumber(value) : safeText(value ?? "");
      return best.includes(index) ? { text: `${text} *`, style: "green" } : { text };
    }),
  ];
  const isOwn = ({ key }: ComparedRow) => !isRecordedTag(key);
  const lines = [
    ...tableSection(out, "Params", columns, params.map(cells)),
    ...tableSection(out, "Metrics (* the best)", columns, metrics.map(cells)),
    ...tableSection(out, "Tags", columns, tags.filter(isOwn).map(cells)),
    ...tableSection(out, "Recorded", columns, tags.filter((row) => !isOwn(row)).map(cells)),
  ];
  return lines.length === 0 ? ["These runs have the same params, metrics and tags."] : lines.slice(1);
}

/** For programs, a last column names the runs with the best value. */
function printRows(out: Output, runs: readonly RunEntity[], comparison: Comparison): void {
  const columns = ["key", ...runs.map(({ id }) => id), "best"].map((header) => ({ header: safeText(header) }));
  const rows = (["params", "metrics", "tags"] as const).flatMap((kind) =>
    comparison[kind].map(({ key, values, best }) =>
      [
        `${kind}.${key}`,
        ...values.map((value) => String(value ?? "")),
        best.map((index) => runs[index]?.id).join(","),
      ].map((text) => ({ text: safeText(text) })),
    ),
  );
  printTable(out, columns, rows);
}
