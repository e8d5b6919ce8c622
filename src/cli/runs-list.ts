import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import type { RunColumn } from "./column-names.ts";
import { allExperiments, findExperiments } from "./experiments-of.ts";
import { cellOf, columnOf, type RunView, runJson } from "./run-columns.ts";
import { type SearchOptions, searchQuery, takeFirst, viewTypeOf } from "./search.ts";
import { remark, type Session, withClient } from "./session.ts";
import { naturalWidths, printTable, totalWidth } from "./table.ts";
import { safeText } from "./text.ts";

export interface ListRunsOptions extends SearchOptions {
  readonly experiment?: string[];
  readonly columns?: readonly RunColumn[];
  readonly stale?: true;
  readonly olderThan?: number;
}

const BASIC_COLUMNS: readonly RunColumn[] = (
  ["id", "name", "experiment", "status", "started", "duration"] as const
).map((key) => ({ kind: "attribute", key }));

/** `tidemark runs list` */
export async function listRuns(session: Session, options: ListRunsOptions): Promise<undefined> {
  const { out, json } = session;
  await withClient(session, async (client) => {
    const query = { ...searchQuery(options), viewType: viewTypeOf(options) };
    const experiments =
      options.experiment === undefined
        ? await allExperiments(client, query.viewType === "active" ? "active" : "all")
        : await findExperiments(client, options.experiment);
    const experimentIds = experiments.map(({ id }) => id);
    const runs = () =>
      options.stale
        ? staleRuns(client, experimentIds, options.olderThan)
        : client.runs.search({ ...query, experimentIds });
    const { items, hasMore } =
      experimentIds.length === 0 ? { items: [], hasMore: false } : await takeFirst(runs(), options.limit);
    const open = items.filter(({ status }) => status === "RUNNING");
    const signs = await client.runs.lifeSigns(open, silence(options.olderThan));
    const lifeSigns = new Map(signs.map((sign) => [sign.runId, sign]));
    if (json) return out.json(items.map((run) => runJson(run, lifeSigns.get(run.id))));
    if (items.length === 0)
      return remark(session, `no ${options.stale ? "stale runs" : "runs"} in ${safeText(client.uri)}`);
    const view: RunView = {
      isTerminal: out.isTerminal,
      nowMs: Date.now(),
      experimentNames: new Map(experiments.map(({ id, name }) => [id, name])),
      lifeSigns,
    };
    const columns = options.columns ?? chooseColumns(items, view, out.width);
    const cells = items.map((run) => columns.map((column) => cellOf(run, column, view)));
    printTable(
      out,
      columns.map((column) => columnOf(column, view)),
      cells,
    );
    if (hasMore) remark(session, `there are more: --limit ${options.limit} was reached`);
  });
  return undefined;
}

async function* staleRuns(client: Client, experimentIds: string[], olderThanMs: number | undefined) {
  for await (const { run } of client.runs.stale({ experimentIds, ...silence(olderThanMs) })) yield run;
}

const silence = (olderThanMs: number | undefined) => (olderThanMs === undefined ? {} : { olderThanMs });

/** The basic columns, and of the metrics and params that most runs have, as many as there is room for. */
function chooseColumns(runs: readonly RunEntity[], view: RunView, width: number): RunColumn[] {
  const widthOf = (columns: readonly RunColumn[]) =>
    totalWidth(
      naturalWidths(
        columns.map((column) => columnOf(column, view)),
        runs.map((run) => columns.map((column) => cellOf(run, column, view))),
      ),
    );
  const metrics = commonKeys(runs.map((run) => run.metrics)).filter((key) => !key.startsWith("system/"));
  const params = commonKeys(runs.map((run) => run.params));
  const chosen = { metrics: [] as RunColumn[], params: [] as RunColumn[] };
  let room = width - widthOf(BASIC_COLUMNS);
  // In turns, so that many metrics leave the params a place.
  for (let rank = 0; rank < Math.max(metrics.length, params.length) && room > 0; rank++) {
    for (const [kind, key] of [
      ["metrics", metrics[rank]],
      ["params", params[rank]],
    ] as const) {
      if (key === undefined) continue;
      const needed = widthOf([...BASIC_COLUMNS.slice(0, 1), { kind, key }]) - widthOf(BASIC_COLUMNS.slice(0, 1));
      if (needed > room) continue;
      chosen[kind].push({ kind, key });
      room -= needed;
    }
  }
  return [...BASIC_COLUMNS, ...chosen.metrics, ...chosen.params];
}

/** Keys of many records: those that most of them have first, of these the ones that tell the records apart, and `loss` before `batch_loss`. */
export function commonKeys(records: readonly Readonly<Record<string, unknown>>[]): string[] {
  const seen = new Map<string, { readonly count: number; readonly value: unknown; readonly differs: boolean }>();
  for (const [key, value] of records.flatMap((record) => Object.entries(record))) {
    const entry = seen.get(key) ?? { count: 0, value, differs: false };
    seen.set(key, { ...entry, count: entry.count + 1, differs: entry.differs || !Object.is(value, entry.value) });
  }
  const ranked = [...seen].sort(
    ([keyA, a], [keyB, b]) =>
      b.count - a.count || Number(b.differs) - Number(a.differs) || keyA.length - keyB.length || (keyA < keyB ? -1 : 1),
  );
  return ranked.map(([key]) => key);
}
