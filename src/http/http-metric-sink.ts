import { SharedLimit } from "../base/shared-limit.ts";
import type { Batch, BatchPositions, Series } from "../contract/batch.ts";
import type { AsyncMetricSink, SinkLimits } from "../contract/metric-sink.ts";
import type { Outcome } from "../contract/outcome.ts";
import type { Param } from "../schema/param.ts";
import { fieldAnswer, runAnswer } from "./answers.ts";
import type { Attempt, FailedAttempt } from "./attempt.ts";
import { type LogBatchPart, logBatchParts, MAX_METRICS, SeriesPrefixes } from "./log-batch.ts";
import type { RestClient } from "./rest-client.ts";
import { API, pairsOf } from "./routes.ts";
import { type FailedPart, positionsIn, SentParts } from "./sent-parts.ts";
import { OLD_SERVER } from "./server-info.ts";

const runOf = fieldAnswer("run", runAnswer);

/**
 * Requests with a part of a log that one process has on their way. MLflow's server on SQLite is fastest with 4, its 4 workers have one
 * each, and slower than with one when there are 16; a worker that gets more than 15 has no connection to its database left.
 */
const MOST_REQUESTS = 4;
const REQUESTS = new SharedLimit("log-batch-requests", MOST_REQUESTS);

/** As many values as {@link MOST_REQUESTS} carry. Values of more than a second make nothing faster. */
export const HTTP_SINK_LIMITS: SinkLimits = { maxBatchValues: MOST_REQUESTS * MAX_METRICS, flushIntervalMs: 1_000 };

/** Sends a run's log to an MLflow server. The queue repeats what fails; nothing is repeated here. */
export class HttpMetricSink implements AsyncMetricSink {
  readonly limits = HTTP_SINK_LIMITS;
  readonly #rest: RestClient;
  readonly #runId: string;
  readonly #prefixes = new SeriesPrefixes();
  /** More than one only where the order in which values come cannot be seen afterwards; `undefined` until that is known. */
  #mostUnderWay: number | undefined;

  constructor(rest: RestClient, runId: string) {
    this.#rest = rest;
    this.#runId = runId;
  }

  async write(batch: Batch, signal: AbortSignal): Promise<Outcome> {
    const sent = new SentParts(batch);
    if (batch.inputs.length > 0) {
      const attempt = await this.#sendInputs(batch, signal);
      if (attempt.status === "failed") return sent.outcome([attempt]);
      sent.inputsArrived();
    }
    const failures: FailedPart[] = [];
    const underWay = new Set<Promise<void>>();
    for (const part of logBatchParts(this.#runId, batch, this.#prefixes)) {
      const sending = this.#sendPart(batch, part, signal).then((failed) => {
        underWay.delete(sending);
        if (failed === undefined) sent.arrived(part);
        else failures.push(failed);
      });
      underWay.add(sending);
      // Values wait for what describes the run.
      if (!hasOnlyMetrics(part) || underWay.size >= (this.#mostUnderWay ?? 1)) await Promise.race(underWay);
      if (failures.length > 0) break;
      if (batch.metrics.length > MAX_METRICS) this.#mostUnderWay ??= await this.#askMostUnderWay(signal);
    }
    await Promise.all(underWay);
    return sent.outcome(failures);
  }

  close(): void {}

  /** Asked when the server has just taken something. */
  async #askMostUnderWay(signal: AbortSignal): Promise<number> {
    const info = await this.#rest.info(signal).catch(() => OLD_SERVER);
    return info.hasDatabase ? MOST_REQUESTS : 1;
  }

  /** Answers nothing where the server took it. */
  async #sendPart(batch: Batch, part: LogBatchPart, signal: AbortSignal): Promise<FailedPart | undefined> {
    const attempt = await REQUESTS.run(() => this.#send("runs/log-batch", part.body, signal));
    if (attempt.status === "ok") return undefined;
    return { ...attempt, culprits: await this.#culprits(attempt, batch, part) };
  }

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
    { isRetryable, error }: FailedAttempt,
    batch: Batch,
    part: LogBatchPart,
  ): Promise<BatchPositions | undefined> {
    if (isRetryable || error.code !== "INVALID_PARAMETER_VALUE") return undefined;
    if (lengthOf(part) === 1) {
      const { metrics, params, tags } = part;
      return { metrics: positionsIn(metrics), params: positionsIn(params), tags: positionsIn(tags), inputs: [] };
    }
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
    return positionsIn(part.params).filter((at) => {
      const { key, value } = params[at] as Param;
      return Object.hasOwn(stored, key) && stored[key] !== value;
    });
  }

  async #valuesOfMissingModels({ series, metrics }: Batch, part: LogBatchPart): Promise<number[]> {
    const modelOf = (at: number) => (series[metrics.seriesIds[at] as number] as Series).modelId;
    const missing = new Set<string>();
    for (const modelId of new Set(positionsIn(part.metrics).map(modelOf))) {
      if (modelId === undefined) continue;
      const path = `${API}/logged-models/${encodeURIComponent(modelId)}`;
      const model = await this.#rest.attempt({ method: "GET", path });
      if (model.status === "failed" && model.error.code === "RESOURCE_DOES_NOT_EXIST") missing.add(modelId);
    }
    return positionsIn(part.metrics).filter((at) => missing.has(modelOf(at) ?? ""));
  }
}

const hasOnlyMetrics = ({ params, tags }: LogBatchPart): boolean => params.to === params.from && tags.to === tags.from;

const lengthOf = ({ metrics, params, tags }: LogBatchPart): number =>
  metrics.to - metrics.from + (params.to - params.from) + (tags.to - tags.from);
