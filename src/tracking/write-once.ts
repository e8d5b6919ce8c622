import type { Batch } from "../contract/batch.ts";
import { NO_METRICS } from "../contract/metric-columns.ts";
import type { Outcome } from "../contract/outcome.ts";
import type { TrackingStore } from "../contract/tracking-store.ts";

/** What a single write may bring; absent parts are empty. */
export type BatchParts = Partial<Omit<Batch, "series">> & { readonly series?: Batch["series"] };

/**
 * Writes one batch to a run and waits for it: for callers that hold no open run. Not retried here.
 *
 * @throws {TidemarkError} the sink's error, when anything of the batch was not taken
 */
export async function writeOnce(store: TrackingStore, runId: string, parts: BatchParts): Promise<void> {
  const batch: Batch = { series: [], metrics: NO_METRICS, params: [], tags: [], inputs: [], ...parts };
  const sink = await store.openSink(runId);
  let outcome: Outcome;
  try {
    outcome = "writeSync" in sink ? sink.writeSync(batch) : await sink.write(batch, new AbortController().signal);
  } finally {
    await sink.close();
  }
  if (outcome.status !== "ok") throw outcome.error;
}
