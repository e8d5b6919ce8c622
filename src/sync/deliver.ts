import { setTimeout as sleep } from "node:timers/promises";
import type { TidemarkError } from "../base/errors.ts";
import { NETWORK_RETRY, retryDelayMs } from "../base/retry-schedule.ts";
import { refuseIfAborted } from "../base/store-errors.ts";
import type { Batch, BatchPositions } from "../contract/batch.ts";
import { otherPositions } from "../contract/batch-positions.ts";
import { rowsAt } from "../contract/metric-columns.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import { countEntries } from "../queue/count-entries.ts";

/** Entries that a sink will never take, and why. */
export interface Refusal {
  readonly batch: Batch;
  readonly error: TidemarkError;
}

/** How often a sink may ask for another try without having taken anything. */
const MOST_TRIES = 6;

/**
 * Gives a batch to a sink until all of it is taken or refused for good, and answers what was refused. What was accepted is never given
 * again.
 *
 * @throws {TidemarkError} the sink's, where it asks for another try too often; `CANCELLED`
 */
export async function deliver(sink: MetricSink, batch: Batch, signal: AbortSignal): Promise<Refusal[]> {
  let tries = 0;
  for (let rest = batch; countEntries(rest) > 0; ) {
    refuseIfAborted(signal);
    const outcome = "writeSync" in sink ? sink.writeSync(rest) : await sink.write(rest, signal);
    if (outcome.status === "ok") return [];
    const { accepted, error } = outcome;
    if (accepted !== undefined && countEntries(accepted) > 0) tries = 0;
    if (outcome.status === "retryable") {
      rest = accepted === undefined ? rest : without(rest, accepted);
      if (++tries === MOST_TRIES) throw error;
      await sleep(retryDelayMs(NETWORK_RETRY, tries, outcome.retryAfterMs), undefined, { signal });
      continue;
    }
    const { rejected } = outcome;
    const left = accepted === undefined ? rest : without(rest, accepted);
    if (rejected !== undefined && countEntries(rejected) > 0) {
      const kept = without(rest, accepted === undefined ? rejected : merged(accepted, rejected));
      return [{ batch: chosen(rest, rejected), error }, ...(await deliver(sink, kept, signal))];
    }
    if (countEntries(left) <= 1) return [{ batch: left, error }];
    // Nobody knows which it is: halves find it out.
    const [first, second] = halves(left);
    return [...(await deliver(sink, first, signal)), ...(await deliver(sink, second, signal))];
  }
  return [];
}

const KINDS = ["params", "tags", "inputs"] as const;

function chosen(batch: Batch, positions: BatchPositions): Batch {
  const list = <T>(items: readonly T[], at: ArrayLike<number>): T[] => Array.from(at, (i) => items[i] as T);
  return {
    series: batch.series,
    metrics: rowsAt(batch.metrics, positions.metrics),
    params: list(batch.params, positions.params),
    tags: list(batch.tags, positions.tags),
    inputs: list(batch.inputs, positions.inputs),
  };
}

const without = (batch: Batch, gone: BatchPositions): Batch => chosen(batch, otherPositions(batch, gone));

const merged = (a: BatchPositions, b: BatchPositions): BatchPositions => ({
  metrics: [...Array.from(a.metrics), ...Array.from(b.metrics)],
  params: [...Array.from(a.params), ...Array.from(b.params)],
  tags: [...Array.from(a.tags), ...Array.from(b.tags)],
  inputs: [...Array.from(a.inputs), ...Array.from(b.inputs)],
});

/** The first and the second half of the entries, kinds one after the other. */
function halves(batch: Batch): [Batch, Batch] {
  const half = countEntries(batch) >> 1;
  const parts = [0, 1].map((which) => {
    let seen = 0;
    const range = (length: number) => {
      const from = seen;
      seen += length;
      const cut = Math.min(Math.max(half - from, 0), length);
      return which === 0 ? upTo(0, cut) : upTo(cut, length);
    };
    const lists = Object.fromEntries(KINDS.map((kind) => [kind, range(batch[kind].length)]));
    return chosen(batch, { ...lists, metrics: range(batch.metrics.length) } as unknown as BatchPositions);
  });
  return parts as [Batch, Batch];
}

const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
