import { log } from "../../base/diagnostics.ts";
import type { Backend } from "../../contract/backend.ts";
import type { RewindTarget, TrackingStore } from "../../contract/tracking-store.ts";
import { MetricQueue } from "../../queue/metric-queue.ts";
import type { MetricHistory } from "../../schema/metric.ts";
import { LOCAL_RUN_ID_TAG, type RunEntity } from "../../schema/run.ts";
import { writeOnce } from "../write-once.ts";
import { findTaggedMark, withoutLaterMarks } from "./tagged-marks.ts";

const REWOUND_FROM_TAG = "tidemark.rewoundFrom";
/** On a run that goes on as another one: its id. */
export const REWOUND_TO_TAG = "tidemark.rewoundTo";

/** Histories read at once. */
const PARALLEL_READS = 8;
/** Values that wait in memory at most, while the backend takes those before. */
const VALUES_A_FLUSH = 100_000;

/** Which values of a key stay. */
type Keep = (key: string, step: number, timestamp: number) => boolean;

/**
 * Takes a run back where its store cannot: makes another one, of the same name and experiment, with the params, tags, inputs and values that stay. Both
 * name each other in a tag; else the old one stays as it is. Until the copy is whole its status is SCHEDULED; where it cannot be made, it is
 * deleted.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` for a missing mark, or the backend's error
 */
export async function copyRun(backend: Backend, run: RunEntity, to: RewindTarget): Promise<RunEntity> {
  const { tracking } = backend;
  const { keep, tags } = planOf(run, to);
  const copy = await tracking.createRun({
    experimentId: run.experimentId,
    name: run.name,
    startTime: run.startTime,
    userId: run.userId,
    tags,
  });
  try {
    await tracking.updateRun({ runId: copy.id, status: "SCHEDULED" });
    await copyLog(tracking, run, copy.id, keep);
    if (run.modelInputs.length > 0) await tracking.logModelInputs(copy.id, run.modelInputs);
    await writeOnce(tracking, run.id, { tags: [{ key: REWOUND_TO_TAG, value: copy.id }] });
  } catch (error) {
    // What cannot be deleted now is known by its status.
    await tracking.deleteRun(copy.id).catch(() => {});
    throw error;
  }
  log("info", `${backend.uri} cannot take values back: run ${run.id} goes on as run ${copy.id}`);
  return await tracking.getRun(copy.id);
}

function planOf(run: RunEntity, to: RewindTarget): { keep: Keep; tags: Record<string, string> } {
  const ownTags = ({ [LOCAL_RUN_ID_TAG]: _local, [REWOUND_TO_TAG]: _to, ...tags }: Record<string, string>) => ({
    ...tags,
    [REWOUND_FROM_TAG]: run.id,
  });
  if ("steps" in to) {
    return { keep: (key, step) => step < (to.steps.get(key) ?? Number.POSITIVE_INFINITY), tags: ownTags(run.tags) };
  }
  const mark = findTaggedMark(run, to.mark);
  const { time, positions } = mark;
  const keep: Keep = (key, step, timestamp) => {
    const position = positions.get(key);
    // Of keys that only others had logged, their time alone tells.
    if (position === undefined) return timestamp < time;
    return step <= position.step && timestamp <= Math.max(time, position.timestamp);
  };
  return { keep, tags: ownTags(withoutLaterMarks(run, mark)) };
}

async function copyLog(tracking: TrackingStore, run: RunEntity, copyId: string, keep: Keep): Promise<void> {
  const queue = new MetricQueue({ sink: await tracking.openSink(copyId) });
  try {
    for (const [key, value] of Object.entries(run.params)) queue.appendParam({ key, value });
    for (const input of run.inputs) queue.appendInput(input);
    let waiting = 0;
    const keys = run.latestMetrics.map(({ key }) => key);
    for (let from = 0; from < keys.length; from += PARALLEL_READS) {
      const some = keys.slice(from, from + PARALLEL_READS);
      const histories = await Promise.all(some.map((key) => tracking.metricHistory(run.id, key)));
      for (const [at, history] of histories.entries()) {
        const key = some[at] as string;
        for (const values of stretchesOf(history, VALUES_A_FLUSH)) {
          waiting += append(queue, key, values, keep);
          if (waiting < VALUES_A_FLUSH) continue;
          await queue.flush();
          waiting = 0;
        }
      }
    }
    await queue.flush();
  } finally {
    await queue.close();
  }
}

function* stretchesOf({ steps, timestamps, values }: MetricHistory, length: number): Generator<MetricHistory> {
  for (let from = 0; from < steps.length; from += length) {
    const to = from + length;
    yield {
      steps: steps.subarray(from, to),
      timestamps: timestamps.subarray(from, to),
      values: values.subarray(from, to),
    };
  }
}

/** Answers how many values stay. */
function append(queue: MetricQueue, key: string, { steps, timestamps, values }: MetricHistory, keep: Keep): number {
  const seriesId = queue.addSeries({ key });
  const now = Date.now();
  let kept = 0;
  for (let at = 0; at < steps.length; at++) {
    const [step, timestamp] = [steps[at] as number, timestamps[at] as number];
    if (!keep(key, step, timestamp)) continue;
    queue.append(seriesId, values[at] as number, timestamp, step, now);
    kept++;
  }
  return kept;
}
