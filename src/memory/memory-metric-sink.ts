import type { TidemarkError } from "../base/errors.ts";
import { noSuchLoggedModel } from "../base/store-errors.ts";
import type { Batch, Series } from "../contract/batch.ts";
import { firstPositions } from "../contract/batch-positions.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import { OK, type Outcome } from "../contract/outcome.ts";
import type { MemoryLoggedModelStore } from "./memory-logged-model-store.ts";
import type { MemoryRun } from "./memory-run.ts";
import { URI } from "./memory-uri.ts";

/** Takes what is logged into a run, which is open until the sink is closed. */
export function memorySink(run: MemoryRun, models: MemoryLoggedModelStore): MetricSink {
  let isOpen = true;
  run.openSinks++;
  const close = () => {
    if (isOpen) run.openSinks--;
    isOpen = false;
  };
  return { limits: {}, writeSync: (batch) => writeBatch(run.touch(), batch, models), close };
}

/** Takes everything but params that have changed and values of models that are not there. */
export function writeBatch(run: MemoryRun, batch: Batch, models: MemoryLoggedModelStore): Outcome {
  for (const input of batch.inputs) run.addInput(input);
  const refusals = {
    params: batch.params.map(({ key, value }) => run.setParam(key, value)),
    metrics: Array.from({ length: batch.metrics.length }, (_, i) => addMetric(run, batch, i, models)),
  };
  for (const { key, value } of batch.tags) run.setTag(key, value);
  for (const mark of batch.marks ?? []) run.setMark(mark);
  const error = [...refusals.params, ...refusals.metrics].find((refusal) => refusal !== undefined);
  if (error === undefined) return OK;
  const refused = (kind: keyof typeof refusals, isRefused: boolean) =>
    firstPositions(refusals[kind].length).filter((i) => (refusals[kind][i] !== undefined) === isRefused);
  const others = {
    tags: firstPositions(batch.tags.length),
    inputs: firstPositions(batch.inputs.length),
    marks: firstPositions(batch.marks?.length ?? 0),
  };
  return {
    status: "permanent",
    error,
    accepted: { ...others, params: refused("params", false), metrics: refused("metrics", false) },
    rejected: { tags: [], inputs: [], params: refused("params", true), metrics: refused("metrics", true) },
  };
}

/** Answers why a value cannot be taken. */
function addMetric(
  run: MemoryRun,
  { metrics, series }: Batch,
  position: number,
  models: MemoryLoggedModelStore,
): TidemarkError | undefined {
  const { key, modelId, dataset } = series[metrics.seriesIds[position] as number] as Series;
  const point = {
    key,
    value: metrics.values[position] as number,
    timestamp: metrics.timestamps[position] as number,
    // A step of minus zero is 0, as it is in every backend that writes it as text.
    step: (metrics.steps[position] as number) + 0,
  };
  if (modelId !== undefined) {
    if (!models.has(modelId)) return noSuchLoggedModel(modelId, URI);
    const links = dataset === undefined ? {} : { datasetName: dataset.name, datasetDigest: dataset.digest };
    models.addMetric(modelId, { ...point, runId: run.head.id, ...links });
  }
  run.addMetric(point);
  return undefined;
}
