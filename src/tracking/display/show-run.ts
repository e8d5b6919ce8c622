import { shortNumber } from "../../base/short-number.ts";
import type { TrackingStore } from "../../contract/tracking-store.ts";
import type { RunEntity } from "../../schema/run.ts";
import { curve } from "./curve.ts";
import type { MimeBundle } from "./mime-bundle.ts";
import { timeText } from "./safe-text.ts";
import { htmlTable, type Table, textTable } from "./table.ts";

/** Their histories are read: a run may have thousands of metrics. */
const MOST_CURVES = 6;
const MOST_ROWS = 100;
const SIZE = { width: 320, height: 140 };

/** A run: what it is, its params, its metrics with the curves of the first of them, and its own tags. */
export async function showRun(run: RunEntity, store: Pick<TrackingStore, "metricHistory">): Promise<MimeBundle> {
  const tables = [facts(run), ...[params(run), metrics(run), tags(run)].filter(({ rows }) => rows.length > 0)];
  const curves = await curvesOf(run, store);
  return {
    "text/html": `<div>${tables.map(htmlTable).join("\n")}${curves.length === 0 ? "" : `<div>${curves.join("")}</div>`}</div>`,
    "text/plain": tables.map(textTable).join("\n\n"),
  };
}

function facts({ id, name, status, experimentId, startTime, endTime }: RunEntity): Table {
  return {
    columns: ["run", "status", "id", "experiment", "started", "ended"],
    rows: [[name, status, id, experimentId, timeText(startTime), timeText(endTime)]],
  };
}

const params = (run: RunEntity): Table => limited(["param", "value"], Object.entries(run.params));

const metrics = (run: RunEntity): Table =>
  limited(
    ["metric", "last value", "step"],
    run.latestMetrics.map(({ key, value, step }) => [key, shortNumber(value), String(step)]),
  );

/** What MLflow and Tidemark record by themselves is not what a notebook is opened for. */
const tags = (run: RunEntity): Table =>
  limited(
    ["tag", "value"],
    Object.entries(run.tags).filter(([key]) => !/^(mlflow|tidemark)\./.test(key)),
  );

function limited(columns: readonly string[], rows: readonly (readonly string[])[]): Table {
  const more = rows.length - MOST_ROWS;
  return { columns, rows: rows.slice(0, MOST_ROWS), note: more > 0 ? `and ${more} more` : undefined };
}

/** Where a history cannot be read now the table has to do. */
async function curvesOf(run: RunEntity, store: Pick<TrackingStore, "metricHistory">): Promise<string[]> {
  const keys = run.latestMetrics.slice(0, MOST_CURVES).map(({ key }) => key);
  const drawn = keys.map(async (key) => {
    const history = await store.metricHistory(run.id, key);
    return history.values.length > 1 ? curve(key, history, SIZE) : "";
  });
  return (await Promise.all(drawn.map((svg) => svg.catch(() => "")))).filter((svg) => svg !== "");
}
