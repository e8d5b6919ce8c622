import type { TidemarkError } from "../base/errors.ts";
import { latestPoint, orderPoints } from "../base/point-order.ts";
import { noSuchMark, paramChanged } from "../base/store-errors.ts";
import type { Mark } from "../contract/batch.ts";
import type { RewindTarget, RunMark } from "../contract/tracking-store.ts";
import { byDataset, type DatasetInput } from "../schema/dataset.ts";
import type { LifecycleStage } from "../schema/experiment.ts";
import { RUN_NAME_TAG } from "../schema/known-tags.ts";
import type { Metric, MetricHistory } from "../schema/metric.ts";
import { byModel, type ModelInput, type ModelOutput } from "../schema/model-link.ts";
import type { RunEntity, UpdateRun } from "../schema/run.ts";

/** What of a run is not in collections of their own. */
export type RunHead = Omit<
  RunEntity,
  "params" | "tags" | "metrics" | "latestMetrics" | "inputs" | "modelInputs" | "modelOutputs"
>;

interface StoredMark {
  readonly id: string;
  readonly time: number;
  /** By key: how many values there were. */
  readonly counts: Map<string, number>;
}

interface Column {
  readonly steps: number[];
  readonly timestamps: number[];
  readonly values: number[];
}

/** One run and all it holds. */
export class MemoryRun {
  #head: RunHead;
  readonly params = new Map<string, string>();
  /** Who may still write to it. */
  openSinks = 0;
  readonly tags: Map<string, string>;
  readonly #metrics = new Map<string, Column>();
  /** Oldest first. */
  readonly #marks = new Map<string, StoredMark>();
  readonly #inputs = new Map<string, DatasetInput>();
  readonly #modelInputs = new Map<string, ModelInput>();
  readonly #modelOutputs = new Map<string, ModelOutput>();
  /** Milliseconds since 1970. */
  #lastWrite = Date.now();
  #deletedTime: number | undefined;

  constructor(head: RunHead, tags: Readonly<Record<string, string>>) {
    this.#head = head;
    this.tags = new Map(Object.entries(tags));
  }

  get head(): RunHead {
    return this.#head;
  }

  get lastWrite(): number {
    return this.#lastWrite;
  }

  /** Something of it is being written. */
  touch(): this {
    this.#lastWrite = Date.now();
    return this;
  }

  /** `undefined` where it is not deleted. */
  get deletedTime(): number | undefined {
    return this.#deletedTime;
  }

  setLifecycleStage(lifecycleStage: LifecycleStage): void {
    if (lifecycleStage === this.#head.lifecycleStage) return;
    this.#deletedTime = lifecycleStage === "deleted" ? Date.now() : undefined;
    this.#head = { ...this.#head, lifecycleStage };
  }

  update({ name, status, endTime }: Omit<UpdateRun, "runId">): void {
    this.#head = {
      ...this.#head,
      ...(name === undefined ? {} : { name }),
      ...(status === undefined ? {} : { status }),
      ...(endTime === undefined ? {} : { endTime }),
    };
    if (name !== undefined) this.tags.set(RUN_NAME_TAG, name);
  }

  setTag(key: string, value: string): void {
    this.tags.set(key, value);
    if (key === RUN_NAME_TAG) this.#head = { ...this.#head, name: value };
  }

  /** Answers why a param cannot have this value. */
  setParam(key: string, value: string): TidemarkError | undefined {
    const current = this.params.get(key);
    if (current !== undefined && current !== value) return paramChanged(this.#head.id, key, current, value);
    this.params.set(key, value);
    return undefined;
  }

  /** A dataset stands in a run once, with the tags of its first use. */
  addInput(input: DatasetInput): void {
    const id = JSON.stringify([input.dataset.name, input.dataset.digest]);
    if (!this.#inputs.has(id)) this.#inputs.set(id, input);
  }

  addModelInput({ modelId }: ModelInput): void {
    this.#modelInputs.set(modelId, { modelId });
  }

  addModelOutput({ modelId, step }: ModelOutput): void {
    if (!this.#modelOutputs.has(modelId)) this.#modelOutputs.set(modelId, { modelId, step });
  }

  addMetric({ key, value, timestamp, step }: Metric): void {
    const column = this.#metrics.get(key) ?? { steps: [], timestamps: [], values: [] };
    this.#metrics.set(key, column);
    column.values.push(value);
    column.timestamps.push(timestamp);
    column.steps.push(step);
  }

  /** A mark stands where it was made, also when it comes once more. */
  setMark({ name, id, time }: Mark): void {
    if (this.#marks.get(name)?.id === id) return;
    const counts = new Map([...this.#metrics].map(([key, { values }]) => [key, values.length]));
    // Made anew, so that it is the newest.
    this.#marks.delete(name);
    this.#marks.set(name, { id, time, counts });
  }

  marks(): RunMark[] {
    return [...this.#marks].map(([name, { time }]) => ({ name, time }));
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` for a missing mark */
  rewind(to: RewindTarget): void {
    if ("mark" in to) this.#rewindToMark(to.mark);
    else for (const [key, step] of to.steps) this.#cutFrom(key, step);
  }

  #rewindToMark(name: string): void {
    const mark = this.#marks.get(name);
    const names = [...this.#marks.keys()];
    if (mark === undefined) throw noSuchMark(this.#head.id, name, names);
    for (const later of names.slice(names.indexOf(name) + 1)) this.#marks.delete(later);
    for (const [key, column] of this.#metrics) {
      const count = mark.counts.get(key) ?? 0;
      for (const part of [column.steps, column.timestamps, column.values]) part.length = count;
      if (count === 0) this.#metrics.delete(key);
    }
  }

  /** Marks stay, and stand for what is left of what they stood for. */
  #cutFrom(key: string, step: number): void {
    const column = this.#metrics.get(key);
    if (column === undefined) return;
    const isKept = column.steps.map((each) => each < step);
    const kept = (part: readonly number[]) => part.filter((_, at) => isKept[at]);
    const { steps, timestamps, values } = column;
    this.#metrics.set(key, { steps: kept(steps), timestamps: kept(timestamps), values: kept(values) });
    if (!isKept.includes(true)) this.#metrics.delete(key);
    for (const { counts } of this.#marks.values()) {
      counts.set(key, isKept.slice(0, counts.get(key) ?? 0).filter(Boolean).length);
    }
  }

  history(key: string): MetricHistory {
    const { steps = [], timestamps = [], values = [] } = this.#metrics.get(key) ?? {};
    return orderPoints({
      steps: Float64Array.from(steps),
      timestamps: Float64Array.from(timestamps),
      values: Float64Array.from(values),
    });
  }

  entity(): RunEntity {
    const latestMetrics = [...this.#metrics.keys()].sort().flatMap((key) => latestPoint(key, this.history(key)) ?? []);
    return {
      ...this.#head,
      params: sorted(this.params),
      tags: sorted(this.tags),
      metrics: Object.fromEntries(latestMetrics.map(({ key, value }) => [key, value])),
      latestMetrics,
      inputs: [...this.#inputs.values()].sort(byDataset),
      modelInputs: [...this.#modelInputs.values()].sort(byModel),
      modelOutputs: [...this.#modelOutputs.values()].sort(byModel),
    };
  }
}

const sorted = (texts: ReadonlyMap<string, string>) =>
  Object.fromEntries([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
