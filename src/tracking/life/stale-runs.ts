import { z } from "zod";
import { isoTime } from "../../base/iso-time.ts";
import type { Backend } from "../../contract/backend.ts";
import { experimentIdSchema } from "../../schema/experiment.ts";
import type { RunEntity } from "../../schema/run.ts";
import { DEFAULT_SILENCE_MS, type LifeSign, lifeSigns } from "./life-signs.ts";
import { reapRun } from "./reap-run.ts";
import { REAPED_TAG } from "./revive-run.ts";

const silenceSchema = z.number().nonnegative().default(DEFAULT_SILENCE_MS);

export const lifeSignsOptionsSchema = z.strictObject({
  /** How long a run may be silent whose process cannot be asked for. Default: 10 minutes. */
  olderThanMs: silenceSchema,
});
/** What `client.runs.lifeSigns` takes beside the runs. @interface */
export type LifeSignsOptions = z.input<typeof lifeSignsOptionsSchema>;

export const staleRunsSchema = z.strictObject({
  /** Only of these. Default: all experiments. */
  experimentIds: z.array(experimentIdSchema).min(1).optional(),
  /** How long a run may be silent whose process cannot be asked for. Default: 10 minutes. */
  olderThanMs: silenceSchema,
});
/** What `client.runs.stale` takes. @interface */
export type StaleRunsOptions = z.input<typeof staleRunsSchema>;

export const reapSchema = staleRunsSchema.extend({
  /** Changes nothing, and answers what it would end. Default false. */
  dryRun: z.boolean().default(false),
});
/** What `client.runs.reap` takes. @interface */
export type ReapOptions = z.input<typeof reapSchema>;

/** A run that says it is RUNNING, and that nobody seems to be at work on. */
export interface StaleRun extends Pick<LifeSign, "lastSign" | "process"> {
  readonly run: RunEntity;
}

const PAGE_SIZE = 1_000;
/** Long lists of ids are cut for servers. */
const MOST_EXPERIMENTS = 100;

/** All of them, newest run first within each hundred experiments. */
export async function* findStale(
  backend: Backend,
  { experimentIds, olderThanMs }: z.output<typeof staleRunsSchema>,
): AsyncGenerator<StaleRun, void, undefined> {
  const { tracking } = backend;
  const ids = experimentIds ?? (await allExperimentIds(backend));
  for (let at = 0; at < ids.length; at += MOST_EXPERIMENTS) {
    const query = {
      experimentIds: ids.slice(at, at + MOST_EXPERIMENTS),
      filter: "attributes.status = 'RUNNING'",
      viewType: "active",
      maxResults: PAGE_SIZE,
    } as const;
    for (let pageToken: string | undefined; ; ) {
      const page = await tracking.searchRuns({ ...query, ...(pageToken === undefined ? {} : { pageToken }) });
      const signs = await lifeSigns(backend, page.items, olderThanMs);
      for (const [index, { isStale, lastSign, process }] of signs.entries())
        if (isStale) yield { run: page.items[index] as RunEntity, lastSign, process };
      pageToken = page.nextPageToken;
      if (pageToken === undefined) break;
    }
  }
}

/** Ends all of them. Answers those that it has ended, or would end. */
export async function reapStale(
  backend: Backend,
  { dryRun, ...which }: z.output<typeof reapSchema>,
): Promise<StaleRun[]> {
  // All are found first: pages may be counted, and what is ended leaves them.
  const found: StaleRun[] = [];
  for await (const stale of findStale(backend, which)) found.push(stale);
  if (dryRun) return found;
  const reaped: StaleRun[] = [];
  for (const { run } of found) {
    // It may have written while the others were looked at.
    const [sign] = await lifeSigns(backend, [run], which.olderThanMs);
    if (sign?.isStale !== true) continue;
    const { lastSign, process } = sign;
    const tag = { key: REAPED_TAG, value: reasonOf(sign) };
    if (await reapRun(backend.tracking, run.id, { endTime: lastSign, tag })) reaped.push({ run, lastSign, process });
  }
  return reaped;
}

const reasonOf = ({ process, lastSign }: LifeSign): string =>
  `${process === "gone" ? "its process is gone" : "it was silent"}; last sign of life ${isoTime(lastSign)}, ended for it ${isoTime(Date.now())}`;

async function allExperimentIds({ tracking }: Backend): Promise<string[]> {
  const ids: string[] = [];
  for (let pageToken: string | undefined; ; ) {
    const page = await tracking.searchExperiments({
      viewType: "active",
      maxResults: PAGE_SIZE,
      ...(pageToken === undefined ? {} : { pageToken }),
    });
    ids.push(...page.items.map(({ id }) => id));
    pageToken = page.nextPageToken;
    if (pageToken === undefined) return ids;
  }
}
