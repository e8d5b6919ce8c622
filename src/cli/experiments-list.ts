import { isoTime } from "../base/iso-time.ts";
import type { Experiment } from "../schema/experiment.ts";
import { type SearchOptions, searchQuery, takeFirst, viewTypeOf } from "./search.ts";
import { remark, type Session, withClient } from "./session.ts";
import { type Cell, type Column, printTable } from "./table.ts";
import { safeText } from "./text.ts";
import { relativeTime } from "./times.ts";

const COLUMNS: readonly Column[] = [
  { header: "id", isWhole: true },
  { header: "name" },
  { header: "stage" },
  { header: "created" },
  { header: "updated" },
  { header: "artifacts" },
];

/** `tidemark experiments list` */
export async function listExperiments(session: Session, options: SearchOptions): Promise<undefined> {
  const { out, json } = session;
  await withClient(session, async (client) => {
    const list = client.experiments.search({ ...searchQuery(options), viewType: viewTypeOf(options) });
    const { items, hasMore } = await takeFirst(list, options.limit);
    if (json) return out.json(items);
    const now = Date.now();
    const time = (timeMs: number | undefined): Cell => {
      if (timeMs === undefined) return { text: "" };
      return { text: out.isTerminal ? relativeTime(timeMs, now) : isoTime(timeMs) };
    };
    const row = (experiment: Experiment): Cell[] => [
      { text: safeText(experiment.id), style: "yellow" },
      { text: safeText(experiment.name) },
      { text: experiment.lifecycleStage },
      time(experiment.creationTime),
      time(experiment.lastUpdateTime),
      { text: safeText(experiment.artifactLocation), style: "dim" },
    ];
    if (items.length === 0) return remark(session, `no experiments in ${safeText(client.uri)}`);
    printTable(out, COLUMNS, items.map(row));
    if (hasMore) remark(session, `there are more: --limit ${options.limit} was reached`);
  });
  return undefined;
}
