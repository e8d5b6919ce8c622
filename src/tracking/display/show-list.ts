import { shortNumber } from "../../base/short-number.ts";
import type { RunEntity } from "../../schema/run.ts";
import type { MimeBundle } from "./mime-bundle.ts";
import { timeText } from "./safe-text.ts";
import { htmlTable, type Table, textTable } from "./table.ts";

/** How many entities of a search are shown, and so fetched. */
export const SHOWN_ROWS = 50;
/** Of params and metrics each: more are wider than any screen. */
const MOST_COLUMNS = 8;

/** What a search has found, as a table: runs with their metrics and with the params in which they differ. */
export function showList(found: readonly object[], hasMore: boolean): MimeBundle {
  if (found.length === 0) return { "text/html": "<p>nothing was found</p>", "text/plain": "nothing was found" };
  const table = found.every(isRun) ? runsTable(found) : entitiesTable(found);
  const notes = [
    ...(hasMore ? [`the first ${found.length}; there are more`] : []),
    ...(table.note === undefined ? [] : [table.note]),
  ];
  const shown = { ...table, note: notes.length === 0 ? undefined : notes.join("; ") };
  return { "text/html": htmlTable(shown), "text/plain": textTable(shown) };
}

const isRun = (entity: object): entity is RunEntity => "params" in entity && "latestMetrics" in entity;

function runsTable(runs: readonly RunEntity[]): Table {
  const metrics = keysOf(runs.map((run) => run.metrics));
  const params = keysOf(runs.map((run) => run.params));
  const differing = params.filter((key) => runs.some((run) => run.params[key] !== runs[0]?.params[key]));
  const chosen = runs.length === 1 ? params : differing;
  const shownMetrics = metrics.slice(0, MOST_COLUMNS);
  const shownParams = chosen.slice(0, MOST_COLUMNS);
  const left = metrics.length - shownMetrics.length + (params.length - shownParams.length);
  return {
    columns: ["run", "status", "started", ...shownMetrics, ...shownParams, "id"],
    rows: runs.map((run) => [
      run.name,
      run.status,
      timeText(run.startTime),
      ...shownMetrics.map((key) => cell(run.metrics[key])),
      ...shownParams.map((key) => cell(run.params[key])),
      run.id,
    ]),
    note: left > 0 ? `${left} params and metrics are not shown` : undefined,
  };
}

/** Experiments, models, versions: what they say of themselves in one word. */
function entitiesTable(entities: readonly object[]): Table {
  const rows = entities.map((entity) => Object.entries(entity).filter(([, value]) => isScalar(value)));
  const columns = keysOf(rows.map((fields) => Object.fromEntries(fields)));
  return {
    columns,
    rows: rows.map((fields) => {
      const values = new Map<string, unknown>(fields);
      return columns.map((key) => (/(time|timestamp)$/i.test(key) ? timeCell(values.get(key)) : cell(values.get(key))));
    }),
  };
}

const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);

const cell = (value: unknown): string =>
  value === undefined ? "" : typeof value === "number" ? shortNumber(value) : String(value);

const timeCell = (value: unknown): string => (typeof value === "number" ? timeText(value) : cell(value));

/** Every key that one of them has, in the order in which they come. */
const keysOf = (records: readonly object[]): string[] => [...new Set(records.flatMap((record) => Object.keys(record)))];
