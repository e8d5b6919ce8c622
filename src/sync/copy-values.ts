import { refuseIfAborted } from "../base/store-errors.ts";
import type { Batch } from "../contract/batch.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type { MetricHistory } from "../schema/metric.ts";
import type { RunEntity } from "../schema/run.ts";
import { deliver, type Refusal } from "./deliver.ts";
import { type HistoryComparison, missingPoints, nearestIn } from "./missing-points.ts";
import { soundHistories } from "./sound-source.ts";
import { beforeWrite, importerOf, type SyncContext } from "./sync-context.ts";
import { batchesOf, ValueBatches } from "./value-batches.ts";

const NO_HISTORY: MetricHistory = {
  steps: new Float64Array(),
  timestamps: new Float64Array(),
  values: new Float64Array(),
};

const HELD_AS_NEAREST =
  "the target keeps -0 as 0, infinities as the largest numbers, and equal values of one moment once";

/** One metric of a run, in both stores. */
export interface ComparedMetric extends HistoryComparison {
  readonly key: string;
}

/** What the target lacks of the values of a run, metric by metric: one history at a time is in memory. */
export async function* compareValues(
  context: SyncContext,
  source: RunEntity,
  target: Pick<RunEntity, "id" | "metrics">,
): AsyncGenerator<ComparedMetric> {
  const rules = { keepsRepeats: importerOf(context) !== undefined };
  for await (const { key, history } of soundHistories(context, source)) {
    refuseIfAborted(context.signal);
    yield { key, ...missingPoints(history, await historyAt(context, target, key), rules) };
  }
}

/** Says in the ledger what is equal, and what differs. Answers how many values are missing. */
export function recordComparison({ ledger }: SyncContext, where: string, compared: ComparedMetric): number {
  const { key, missing, equalCount, alikeCount, conflict } = compared;
  ledger.addEqual({ values: equalCount + alikeCount });
  if (alikeCount > 0) ledger.loss(where, `metrics.${key}`, HELD_AS_NEAREST);
  if (conflict !== undefined) {
    const { step, source, target } = conflict;
    ledger.conflict(where, `metrics.${key} at step ${step}`, source, target);
  }
  return missing.values.length;
}

/** Writes what a comparison finds missing. Answers what the target has refused. */
export async function copyValues(
  context: SyncContext,
  sink: MetricSink,
  where: string,
  { source, target }: { readonly source: RunEntity; readonly target: Pick<RunEntity, "id" | "metrics"> },
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  const strange: string[] = [];
  const together = "writeSync" in sink ? undefined : new ValueBatches();
  const send = async (batches: Iterable<Parameters<typeof deliver>[1]>) => {
    for (const batch of batches) {
      await beforeWrite(context);
      const refused = await deliver(sink, batch, context.signal);
      refusals.push(...refused);
      const lost = refused.reduce((sum, refusal) => sum + refusal.batch.metrics.length, 0);
      context.ledger.addCopied({ values: batch.metrics.length - lost });
    }
  };
  for await (const compared of compareValues(context, source, target)) {
    const { key, missing } = compared;
    if (recordComparison(context, where, compared) === 0) continue;
    if (importerOf(context) === undefined && isStrange(missing)) strange.push(key);
    await send(together?.add(key, missing) ?? batchesOf(key, missing));
  }
  if (together !== undefined) await send(together.rest());
  for (const key of strange) await recordLosses(context, where, { source, targetId: target.id, key });
  return refusals;
}

/** All values of a run, counted. */
export async function* allValues(
  context: SyncContext,
  source: RunEntity,
  counts: { values: number },
): AsyncGenerator<Batch> {
  const together = new ValueBatches();
  for await (const { key, history } of soundHistories(context, source)) {
    refuseIfAborted(context.signal);
    counts.values += history.values.length;
    yield* together.add(key, history);
  }
  yield* together.rest();
}

/** What a store made of values that MLflow's SQL stores cannot hold. */
async function recordLosses(
  { from, to, ledger }: SyncContext,
  where: string,
  { source, targetId, key }: { readonly source: RunEntity; readonly targetId: string; readonly key: string },
): Promise<void> {
  const [history, held] = await Promise.all([
    from.backend.tracking.metricHistory(source.id, key),
    to.backend.tracking.metricHistory(targetId, key),
  ]);
  const { alikeCount } = missingPoints(history, held, { keepsRepeats: false });
  if (alikeCount > 0) ledger.loss(where, `metrics.${key}`, HELD_AS_NEAREST);
}

/** Whether a history holds something that not every store can hold. */
function isStrange({ steps, timestamps, values }: MetricHistory): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Object.is(nearestIn(value), value) && !Number.isNaN(value)) return true;
    const isTogether = i > 0 && steps[i] === steps[i - 1] && timestamps[i] === timestamps[i - 1];
    if (isTogether) return true;
  }
  return false;
}

async function historyAt(
  { to }: SyncContext,
  { id, metrics }: Pick<RunEntity, "id" | "metrics">,
  key: string,
): Promise<MetricHistory> {
  return Object.hasOwn(metrics, key) ? await to.backend.tracking.metricHistory(id, key) : NO_HISTORY;
}
