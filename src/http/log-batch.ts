import type { Batch, Series } from "../contract/batch.ts";
import type { Param } from "../schema/param.ts";

// MLflow's limits for one request (mlflow/utils/validation.py).
export const MAX_METRICS = 1_000;
const MAX_PARAMS = 100;
const MAX_TAGS = 100;
const MAX_ENTRIES = 1_000;
const MAX_BODY_BYTES = 1_000_000;

/** Positions from and up to. */
export interface PositionRange {
  readonly from: number;
  readonly to: number;
}

/** A part of a batch that one request can carry. */
export interface LogBatchPart {
  readonly params: PositionRange;
  readonly tags: PositionRange;
  readonly metrics: PositionRange;
  readonly body: string;
}

/** Cuts a batch into the bodies of log-batch requests, in order. What describes the run goes first: values wait for it. */
export function* logBatchParts(runId: string, batch: Batch, prefixes: SeriesPrefixes): Generator<LogBatchPart> {
  const { params, tags, metrics } = batch;
  const end = { params: 0, tags: 0, metrics: 0 };
  while (end.params < params.length || end.tags < tags.length || end.metrics < metrics.length) {
    const room = new Room();
    const param = takeParams(params, end.params, room);
    const tag = take(end.tags, Math.min(tags.length, end.tags + MAX_TAGS), room, (at) => JSON.stringify(tags[at]));
    const isDescribed = param.to === params.length && tag.to === tags.length;
    const lastMetric = isDescribed ? Math.min(metrics.length, end.metrics + MAX_METRICS) : end.metrics;
    const metric = take(end.metrics, lastMetric, room, (at) => metricText(batch, at, prefixes));
    yield {
      params: { from: end.params, to: param.to },
      tags: { from: end.tags, to: tag.to },
      metrics: { from: end.metrics, to: metric.to },
      body: `{"run_id":${JSON.stringify(runId)},"metrics":[${metric.json}],"params":[${param.json}],"tags":[${tag.json}]}`,
    };
    end.params = param.to;
    end.tags = tag.to;
    end.metrics = metric.to;
  }
}

interface Taken {
  readonly to: number;
  readonly json: string;
}

/** Entries from one position up to another, as far as there is room. */
function take(from: number, end: number, room: Room, textOf: (position: number) => string): Taken {
  let json = "";
  let to = from;
  for (; to < end; to++) {
    const text = textOf(to);
    if (!room.admits(text)) break;
    json += json === "" ? text : `,${text}`;
  }
  return { to, json };
}

/** The server refuses a request that holds a key twice, even with one value. */
function takeParams(params: readonly Param[], from: number, room: Room): Taken {
  const keys = new Set<string>();
  let end = from;
  for (; end < params.length && end - from < MAX_PARAMS; end++) {
    const { key } = params[end] as Param;
    if (keys.has(key)) break;
    keys.add(key);
  }
  return take(from, end, room, (at) => JSON.stringify(params[at]));
}

/** What one request may still carry. The first entry always fits: no single one is as long as a body may be. */
class Room {
  #entries = MAX_ENTRIES;
  #bytes = MAX_BODY_BYTES;

  admits(text: string): boolean {
    const bytes = Buffer.byteLength(text) + 1;
    if (this.#entries === 0 || bytes > this.#bytes) return false;
    this.#entries--;
    this.#bytes -= bytes;
    return true;
  }
}

function metricText({ series, metrics }: Batch, at: number, prefixes: SeriesPrefixes): string {
  const { seriesIds, values, timestamps, steps } = metrics;
  const prefix = prefixes.of(series[seriesIds[at] as number] as Series);
  return `${prefix}${numberText(values[at] as number)},"timestamp":${timestamps[at]},"step":${steps[at]}}`;
}

/** JSON has no word for what is not finite, and MLflow reads a text there. String would take the sign of -0. */
function numberText(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0.0" : String(value);
}

/** The part of every value's JSON that its series decides, made once. */
export class SeriesPrefixes {
  readonly #texts = new WeakMap<Series, string>();

  of(series: Series): string {
    let text = this.#texts.get(series);
    if (text === undefined) {
      const { key, modelId, dataset } = series;
      const labels = { key, model_id: modelId, dataset_name: dataset?.name, dataset_digest: dataset?.digest };
      text = `${JSON.stringify(labels).slice(0, -1)},"value":`;
      this.#texts.set(series, text);
    }
    return text;
  }
}
