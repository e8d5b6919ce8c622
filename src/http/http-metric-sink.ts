import type { TidemarkError } from "../base/errors.ts";
import type { Batch, BatchPositions, Series } from "../contract/batch.ts";
import type { AsyncMetricSink, SinkLimits } from "../contract/metric-sink.ts";
import { OK, type Outcome } from "../contract/outcome.ts";
import type { Param } from "../schema/param.ts";
import { fieldAnswer, runAnswer } from "./answers.ts";
import { type LogBatchPart, logBatchParts, type PositionRange, SeriesPrefixes } from "./log-batch.ts";
import type { Attempt, RestClient } from "./rest-client.ts";
import { API, pairsOf } from "./routes.ts";

const runOf = fieldAnswer("run", runAnswer);

/** A batch of more than the server takes at once, and values of more than a second, make nothing faster. */
export const HTTP_SINK_LIMITS: SinkLimits = { maxBatchValues: 1_000, flushIntervalMs: 1_000 };

/** Sends a run's log to an MLflow server. The queue repeats what fails; nothing is repeated here. */
export class HttpMetricSink implements AsyncMetricSink {
  readonly limits = HTTP_SINK_LIMITS;
  readonly #rest: RestClient;
  readonly #runId: string;
  readonly #prefixes = new SeriesPrefixes();

  constructor(rest: RestClient, runId: string) {
    this.#rest = rest;
    this.#runId = runId;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    const taken = { metrics: 0, params: 0, tags: 0, inputs: 0 };
    if (batch.inputs.length > 0) {
      const attempt = await this.#sendInputs(batch, signal);
      if (attempt.status === "failed") return outcomeOf(attempt, taken, batch);
      taken.inputs = batch.inputs.length;
    }
    for (const part of logBatchParts(this.#runId, batch, this.#prefixes)) {
      const attempt = await this.#send("runs/log-batch", part.body, signal);
      if (attempt.status === "failed") {
        return outcomeOf(attempt, taken, batch, await this.#culprits(attempt, batch, part));
      }
      taken.params = part.params.to;
      taken.tags = part.tags.to;
      taken.metrics = part.metrics.to;
    }
    return OK;
  }

  close(): void {}

  async #sendInputs({ inputs }: Batch, signal: AbortSignal): Promise<Attempt> {
    const datasets = inputs.map(({ dataset: { sourceType, ...dataset }, tags }) => ({
      tags: pairsOf(tags),
      dataset: { ...dataset, source_type: sourceType },
    }));
    return await this.#send("runs/log-inputs", JSON.stringify({ run_id: this.#runId, datasets }), signal);
  }

  async #send(route: string, body: string, signal: AbortSignal): Promise<Attempt> {
    return await this.#rest.attempt({ method: "POST", path: `${API}/${route}`, body, signal });
  }

  /**
   * The entries for which the server refuses a part, where that can be found out: it says it of the whole. The others of the part
   * may be on its books or not; they are sent again, which it takes as what it has already.
   */
  async #culprits(
    { isRetryable, error }: Failed,
    batch: Batch,
    part: LogBatchPart,
  ): Promise<BatchPositions | undefined> {
    if (isRetryable || error.code !== "INVALID_PARAMETER_VALUE") return undefined;
    if (lengthOf(part) === 1) return positions(part);
    const params = await this.#changedParams(batch, part);
    const metrics = await this.#valuesOfMissingModels(batch, part);
    return params.length + metrics.length === 0 ? undefined : { metrics, params, tags: [], inputs: [] };
  }

  async #changedParams({ params }: Batch, part: LogBatchPart): Promise<number[]> {
    if (part.params.to === part.params.from) return [];
    const call = { method: "GET", path: `${API}/runs/get`, query: { run_id: this.#runId } } as const;
    const run = await this.#rest.attempt(call);
    if (run.status === "failed") return [];
    const stored = runOf.safeParse(JSON.parse(run.value)).data?.params ?? {};
    return list(part.params).filter((at) => {
      const { key, value } = params[at] as Param;
      return Object.hasOwn(stored, key) && stored[key] !== value;
    });
  }

  async #valuesOfMissingModels({ series, metrics }: Batch, part: LogBatchPart): Promise<number[]> {
    const modelOf = (at: number) => (series[metrics.seriesIds[at] as number] as Series).modelId;
    const missing = new Set<string>();
    for (const modelId of new Set(list(part.metrics).map(modelOf))) {
      if (modelId === undefined) continue;
      const path = `${API}/logged-models/${encodeURIComponent(modelId)}`;
      const model = await this.#rest.attempt({ method: "GET", path });
      if (model.status === "failed" && model.error.code === "RESOURCE_DOES_NOT_EXIST") missing.add(modelId);
    }
    return list(part.metrics).filter((at) => missing.has(modelOf(at) ?? ""));
  }
}

type Failed = Attempt & { readonly status: "failed" };
type Taken = Readonly<Record<Exclude<keyof BatchPositions, "marks">, number>>;

// Who may not write now may be allowed to later, and a certificate may be put right: values are not given up for it.
const LATER: ReadonlySet<TidemarkError["code"]> = new Set([
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "TEMPORARILY_UNAVAILABLE",
  "CANCELLED",
  "NOT_IMPLEMENTED",
]);
// The run itself takes nothing any more: no smaller part of the batch would fare better.
const FINAL: ReadonlySet<TidemarkError["code"]> = new Set(["RESOURCE_DOES_NOT_EXIST", "INVALID_STATE"]);

function outcomeOf(failed: Failed, taken: Taken, batch: Batch, culprits?: BatchPositions): Outcome {
  const { error, isRetryable, retryAfterMs } = failed;
  const accepted = positions({
    metrics: { from: 0, to: taken.metrics },
    params: { from: 0, to: taken.params },
    tags: { from: 0, to: taken.tags },
    inputs: { from: 0, to: taken.inputs },
  });
  if (isRetryable || LATER.has(error.code)) {
    return { status: "retryable", error, accepted, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  }
  const rejected = FINAL.has(error.code) ? restOf(batch, taken) : culprits;
  return { status: "permanent", error, accepted, ...(rejected === undefined ? {} : { rejected }) };
}

interface Ranges {
  readonly metrics: PositionRange;
  readonly params: PositionRange;
  readonly tags: PositionRange;
  readonly inputs?: PositionRange;
}

const positions = ({ metrics, params, tags, inputs }: Ranges): BatchPositions => ({
  metrics: list(metrics),
  params: list(params),
  tags: list(tags),
  inputs: inputs === undefined ? [] : list(inputs),
});

const restOf = ({ metrics, params, tags, inputs }: Batch, taken: Taken): BatchPositions =>
  positions({
    metrics: { from: taken.metrics, to: metrics.length },
    params: { from: taken.params, to: params.length },
    tags: { from: taken.tags, to: tags.length },
    inputs: { from: taken.inputs, to: inputs.length },
  });

const list = ({ from, to }: PositionRange): number[] => Array.from({ length: to - from }, (_, index) => from + index);

const lengthOf = ({ metrics, params, tags }: LogBatchPart): number =>
  metrics.to - metrics.from + (params.to - params.from) + (tags.to - tags.from);
