import type { Batch, BatchPositions } from "../../contract/batch.ts";
import { allPositions, firstPositions } from "../../contract/batch-positions.ts";
import { NO_METRICS } from "../../contract/metric-columns.ts";
import type { MetricSink } from "../../contract/metric-sink.ts";
import { OK, type Outcome } from "../../contract/outcome.ts";
import type { TrackingStore } from "../../contract/tracking-store.ts";
import { countEntries } from "../../queue/count-entries.ts";
import type { RunEntity } from "../../schema/run.ts";
import { type KeyPosition, tagsOfMark } from "./mark-tags.ts";

/**
 * A sink that takes marks, over one whose store knows none: there they are tags that say how far each metric has got. Others are answered as
 * they are.
 */
export function taggingMarks(store: TrackingStore, sink: MetricSink, run: RunEntity): MetricSink {
  if (store.rewind !== undefined) return sink;
  const positions = new KeyPositions(run);
  const base = {
    limits: sink.limits,
    close: () => sink.close(),
    ...(sink.checkKey === undefined ? {} : { checkKey: sink.checkKey.bind(sink) }),
    ...(sink.makeDurable === undefined ? {} : { makeDurable: sink.makeDurable.bind(sink) }),
  };
  if ("writeSync" in sink) {
    return {
      ...base,
      writeSync: (batch) => {
        const { marks, ...plain } = batch;
        const outcome = countEntries(plain) === 0 ? OK : sink.writeSync(plain);
        positions.note(plain, outcome);
        if (marks === undefined || outcome.status !== "ok") return outcome;
        return outcomeOfMarks(batch, sink.writeSync(positions.asTags(marks)));
      },
    };
  }
  return {
    ...base,
    write: async (batch, signal) => {
      const { marks, ...plain } = batch;
      const outcome = countEntries(plain) === 0 ? OK : await sink.write(plain, signal);
      positions.note(plain, outcome);
      if (marks === undefined || outcome.status !== "ok") return outcome;
      return outcomeOfMarks(batch, await sink.write(positions.asTags(marks), signal));
    },
  };
}

/** How far the metrics of a run have got at the store. */
class KeyPositions {
  readonly #positions = new Map<string, KeyPosition>();

  constructor({ latestMetrics }: RunEntity) {
    for (const { key, step, timestamp } of latestMetrics) this.#positions.set(key, { step, timestamp });
  }

  note({ series, metrics }: Batch, outcome: Outcome): void {
    if (outcome.status === "ok") for (let at = 0; at < metrics.length; at++) this.#noteValue(series, metrics, at);
    else for (const at of Array.from(outcome.accepted?.metrics ?? [])) this.#noteValue(series, metrics, at);
  }

  asTags(marks: NonNullable<Batch["marks"]>): Batch {
    const tags = marks.flatMap((mark) => tagsOfMark({ ...mark, positions: this.#positions }));
    return { series: [], metrics: NO_METRICS, params: [], tags, inputs: [] };
  }

  #noteValue(series: Batch["series"], { seriesIds, steps, timestamps }: Batch["metrics"], at: number): void {
    const key = series[seriesIds[at] as number]?.key as string;
    const [step, timestamp] = [steps[at] as number, timestamps[at] as number];
    const position = this.#positions.get(key);
    if (position === undefined) this.#positions.set(key, { step, timestamp });
    else {
      position.step = Math.max(position.step, step);
      position.timestamp = Math.max(position.timestamp, timestamp);
    }
  }
}

/** What is said of a batch whose marks were sent by themselves, after all else of it was taken. */
function outcomeOfMarks(batch: Batch, outcome: Outcome): Outcome {
  if (outcome.status === "ok") return outcome;
  const { marks = [], ...plain } = batch;
  const accepted = allPositions(plain);
  if (outcome.status === "retryable") return { ...outcome, accepted };
  return {
    status: "permanent",
    error: outcome.error,
    accepted,
    rejected: { ...NOTHING, marks: firstPositions(marks.length) },
  };
}

const NOTHING: BatchPositions = { metrics: [], params: [], tags: [], inputs: [] };
