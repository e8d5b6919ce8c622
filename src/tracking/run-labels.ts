import { invalidArgument } from "../base/errors.ts";
import { checkKey } from "../base/key-rules.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type { MetricQueue } from "../queue/metric-queue.ts";
import { checkArgument } from "../schema/check.ts";
import { type Param, tagSchema } from "../schema/param.ts";

/** The params and tags of an open run: checked, and handed to the queue. */
export class RunLabels {
  readonly #queue: MetricQueue;
  readonly #sink: MetricSink;
  /** Params that the run has, as far as this process knows. */
  readonly #params: Map<string, string>;

  constructor(queue: MetricQueue, sink: MetricSink, params: Readonly<Record<string, string>>) {
    this.#queue = queue;
    this.#sink = sink;
    this.#params = new Map(Object.entries(params));
  }

  logParams(params: readonly Param[]): void {
    for (const { key } of params) this.#refuseKey("param", key);
    for (const param of params) {
      this.#queue.appendParam(param);
      if (!this.#params.has(param.key)) this.#params.set(param.key, param.value);
    }
  }

  /** The value that the run has for a param. */
  paramOf(key: string): string | undefined {
    return this.#params.get(key);
  }

  setTag(key: string, value: string | number | boolean): void {
    checkKey("tag", key);
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
      throw invalidArgument(`tags.${key}`, value, "a string, a number or a boolean");
    }
    const tag = checkArgument("tag", tagSchema, { key, value: String(value) });
    this.#refuseKey("tag", key);
    this.#queue.appendTag(tag);
  }

  #refuseKey(kind: "param" | "tag", key: string): void {
    const refusal = this.#sink.checkKey?.(kind, key);
    if (refusal !== undefined) throw refusal;
  }
}
