import { isoTime } from "../base/iso-time.ts";
import type { StaleRun } from "../tracking/life/stale-runs.ts";
import { findExperiments } from "./experiments-of.ts";
import { remark, type Session, withClient } from "./session.ts";
import { type Cell, type Column, printTable } from "./table.ts";
import { safeText } from "./text.ts";
import { relativeTime } from "./times.ts";

export interface ReapRunsOptions {
  readonly experiment?: string[];
  readonly olderThan?: number;
  readonly dryRun?: true;
}

const COLUMNS: readonly Column[] = [
  { header: "id", isWhole: true },
  { header: "name" },
  { header: "experiment" },
  { header: "lastSign" },
  { header: "process" },
];

/** `tidemark runs reap` */
export async function reapRuns(session: Session, options: ReapRunsOptions): Promise<undefined> {
  const { out, json } = session;
  const { experiment, olderThan, dryRun = false } = options;
  await withClient(session, async (client) => {
    const experiments = experiment === undefined ? undefined : await findExperiments(client, experiment);
    const reaped = await client.runs.reap({
      ...(experiments === undefined ? {} : { experimentIds: experiments.map(({ id }) => id) }),
      ...(olderThan === undefined ? {} : { olderThanMs: olderThan }),
      dryRun,
    });
    if (json)
      return out.json(
        reaped.map(({ run: { id, name, experimentId }, ...sign }) => ({ runId: id, name, experimentId, ...sign })),
      );
    if (reaped.length === 0) return remark(session, `no stale runs in ${safeText(client.uri)}`);
    const now = Date.now();
    printTable(
      out,
      COLUMNS,
      reaped.map((stale) => rowOf(stale, out.isTerminal, now)),
    );
    remark(session, dryRun ? "nothing was changed: this was a dry run" : "all of these are KILLED now");
  });
  return undefined;
}

const rowOf = ({ run, lastSign, process }: StaleRun, isTerminal: boolean, now: number): Cell[] => [
  { text: safeText(run.id), style: "yellow" },
  { text: safeText(run.name) },
  { text: safeText(run.experimentId) },
  { text: isTerminal ? relativeTime(lastSign, now) : isoTime(lastSign) },
  { text: process },
];
