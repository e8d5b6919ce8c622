import { bytesText } from "../base/amounts.ts";
import { report } from "../report/report.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import { findExperiments } from "./experiments-of.ts";
import { findRun } from "./find-run.ts";
import { type SearchOptions, searchQuery, takeFirst } from "./search.ts";
import { remark, type Session, withClient } from "./session.ts";
import { safeText } from "./text.ts";

export interface ReportCommandOptions extends SearchOptions {
  readonly runs: readonly string[];
  readonly experiment?: readonly string[];
  readonly out: string;
  readonly title?: string;
  readonly maxPoints?: number;
}

/** `tidemark report`: answers where the page is. */
export async function reportRuns(session: Session, options: ReportCommandOptions): Promise<undefined> {
  const { out, title, maxPoints } = options;
  const { file, bytes, leftOut } = await withClient(session, async (client) => {
    const runs = await chosenRuns(session, client, options);
    const shown = title ?? (options.runs.length === 0 ? options.experiment?.join(", ") : undefined);
    return await report(runs, {
      client,
      file: out,
      ...(shown === undefined ? {} : { title: shown }),
      ...(maxPoints === undefined ? {} : { maxPoints }),
    });
  });
  if (session.json) session.out.json({ file, bytes, leftOut });
  else session.out.lines([safeText(file)]);
  const rest = leftOut.length === 0 ? "" : `; ${leftOut.length} things are left out, the page says which`;
  remark(session, `${bytesText(bytes)}${rest}`);
  return undefined;
}

/** Those that are named, then those of the experiments, newest first. */
async function chosenRuns(session: Session, client: Client, options: ReportCommandOptions): Promise<RunEntity[]> {
  const runs: RunEntity[] = [];
  for (const name of options.runs) runs.push(await findRun(client, name));
  if (options.experiment === undefined) return runs;
  const experimentIds = (await findExperiments(client, options.experiment)).map(({ id }) => id);
  const found = await takeFirst(client.runs.search({ ...searchQuery(options), experimentIds }), options.limit);
  if (found.hasMore) remark(session, `there are more runs: --limit ${options.limit} was reached`);
  return [...runs, ...found.items];
}
