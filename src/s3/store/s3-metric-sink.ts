import { TidemarkError } from "../../base/errors.ts";
import { noSuchLoggedModel } from "../../base/store-errors.ts";
import type { Batch, BatchPositions, MetricColumns, Series } from "../../contract/batch.ts";
import { firstPositions, otherPositions } from "../../contract/batch-positions.ts";
import { rowsAt } from "../../contract/metric-columns.ts";
import type { AsyncMetricSink } from "../../contract/metric-sink.ts";
import { isFinal, OK, type Outcome } from "../../contract/outcome.ts";
import type { ModelMetric } from "../../schema/model.ts";
import { S3_SINK_LIMITS } from "../metrics/hand-over.ts";
import type { RunMetrics } from "../metrics/run-metrics.ts";
import type { LoggedModels } from "./logged-models.ts";
import { type RunContent, withInput, withParam, withTag } from "./run-head.ts";
import type { Runs } from "./runs.ts";

/** What a sink writes to. */
export interface S3SinkParts {
  readonly runs: Runs;
  readonly loggedModels: LoggedModels;
  readonly runId: string;
  /** Readers find the run's latest values in its head: they must be taken out of it before there are later ones. */
  readonly isClosed: boolean;
  readonly uri: string;
}

type Taken = {
  metrics: readonly number[];
  params: readonly number[];
  tags: readonly number[];
  inputs: readonly number[];
};

/** Brings a run's log into a bucket: params, tags and inputs into its head, values into a segment. The queue repeats what fails. */
export class S3MetricSink implements AsyncMetricSink {
  readonly limits = S3_SINK_LIMITS;
  readonly #parts: S3SinkParts;
  readonly #metrics: RunMetrics;
  #isClosed: boolean;
  #hasWritten = false;

  constructor(parts: S3SinkParts) {
    this.#parts = parts;
    this.#metrics = parts.runs.metrics(parts.runId);
    this.#isClosed = parts.isClosed;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    const accepted: Taken = { metrics: [], params: [], tags: [], inputs: [] };
    const rejected: Taken = { metrics: [], params: [], tags: [], inputs: [] };
    const refusals: TidemarkError[] = [];
    try {
      stopIfAborted(signal);
      const params = await this.#writeHead(batch);
      rejected.params = [...params.keys()];
      refusals.push(...params.values());
      Object.assign(accepted, {
        params: firstPositions(batch.params.length).filter((at) => !params.has(at)),
        tags: firstPositions(batch.tags.length),
        inputs: firstPositions(batch.inputs.length),
      });
      stopIfAborted(signal);
      const strays = await this.#writeModels(batch);
      rejected.metrics = [...strays.keys()];
      refusals.push(...strays.values());
      stopIfAborted(signal);
      const wanted = firstPositions(batch.metrics.length).filter((at) => !strays.has(at));
      await this.#append(strays.size === 0 ? batch.metrics : rowsAt(batch.metrics, wanted), batch.series, signal);
      accepted.metrics = wanted;
      await this.#mark(batch.marks ?? [], signal);
    } catch (error) {
      return outcomeOf(error, batch, accepted);
    }
    const [refusal] = refusals;
    if (refusal === undefined) return OK;
    const marks = firstPositions(batch.marks?.length ?? 0);
    return { status: "permanent", error: refusal, accepted: { ...accepted, marks }, rejected };
  }

  /** Values that came after the end of the run are counted in what its head says. */
  async close(): Promise<void> {
    if (this.#hasWritten) await this.#parts.runs.settleMetrics(this.#parts.runId);
  }

  /** Answers which params have another value already. */
  async #writeHead({ params, tags, inputs }: Batch): Promise<Map<number, TidemarkError>> {
    const refused = new Map<number, TidemarkError>();
    if (params.length + tags.length + inputs.length === 0) return refused;
    await this.#parts.runs.heads.change(this.#parts.runId, (head) => {
      // Called again where somebody else was faster.
      refused.clear();
      let next: RunContent = head;
      for (const input of inputs) next = withInput(next, input);
      for (const [at, { key, value }] of params.entries()) {
        try {
          next = withParam(next, key, value);
        } catch (error) {
          refused.set(at, error as TidemarkError);
        }
      }
      for (const tag of tags) next = withTag(next, tag);
      return next;
    });
    return refused;
  }

  /** Tells logged models what was measured on them. Answers which values are of models that are not there. */
  async #writeModels({ series, metrics }: Batch): Promise<Map<number, TidemarkError>> {
    const byModel = new Map<string, { readonly positions: number[]; readonly values: ModelMetric[] }>();
    const { runId } = this.#parts;
    for (let at = 0; at < metrics.length; at++) {
      const { key, modelId, dataset } = series[metrics.seriesIds[at] as number] as Series;
      if (modelId === undefined) continue;
      const model = byModel.get(modelId) ?? { positions: [], values: [] };
      byModel.set(modelId, model);
      model.positions.push(at);
      model.values.push({
        key,
        value: metrics.values[at] as number,
        timestamp: metrics.timestamps[at] as number,
        step: (metrics.steps[at] as number) + 0,
        runId,
        ...(dataset === undefined ? {} : { datasetName: dataset.name, datasetDigest: dataset.digest }),
      });
    }
    const strays = new Map<number, TidemarkError>();
    for (const [modelId, { positions, values }] of byModel) {
      if (await this.#parts.loggedModels.tryAddMetrics(modelId, values)) continue;
      for (const at of positions) strays.set(at, noSuchLoggedModel(modelId, this.#parts.uri));
    }
    return strays;
  }

  async #mark(marks: NonNullable<Batch["marks"]>, signal: AbortSignal): Promise<void> {
    if (marks.length === 0) return;
    stopIfAborted(signal);
    await this.#parts.runs.writable();
    await this.#metrics.mark(marks, signal);
  }

  async #append(columns: MetricColumns, series: readonly Series[], signal: AbortSignal): Promise<void> {
    if (columns.length === 0) return;
    await this.#parts.runs.writable();
    if (this.#isClosed) await this.#parts.runs.reopenMetrics(this.#parts.runId);
    this.#isClosed = false;
    this.#hasWritten = true;
    await this.#metrics.append(columns, series, signal);
  }
}

/** What may be put right, rights, a bucket, space, makes values wait: they are not given up for it. */
function outcomeOf(error: unknown, batch: Batch, accepted: BatchPositions): Outcome {
  if (!(error instanceof TidemarkError)) throw error;
  const isOfStorage = error.details.httpStatus !== undefined;
  if (!isOfStorage && isFinal(error)) {
    return { status: "permanent", error, accepted, rejected: otherPositions(batch, accepted) };
  }
  // No smaller batch without what is too large is found by the queue.
  if (!isOfStorage && error.code === "INVALID_PARAMETER_VALUE") return { status: "permanent", error, accepted };
  return { status: "retryable", error, accepted };
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new TidemarkError("CANCELLED", "the write was cancelled", { cause: signal.reason });
}
