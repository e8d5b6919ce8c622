import type { TidemarkError } from "../base/errors.ts";
import { latestPoint, orderPoints } from "../base/point-order.ts";
import { paramChanged } from "../base/store-errors.ts";
import { byDataset, type DatasetInput } from "../schema/dataset.ts";
import type { LifecycleStage } from "../schema/experiment.ts";
import type { Metric, MetricHistory } from "../schema/metric.ts";
import { byModel, type ModelInput, type ModelOutput } from "../schema/model-link.ts";
import type { RunEntity, UpdateRun } from "../schema/run.ts";

export const RUN_NAME_TAG = "mlflow.runName";

/** What of a run is not in collections of their own. */
export type RunHead = Omit<
  RunEntity,
  "params" | "tags" | "metrics" | "latestMetrics" | "inputs" | "modelInputs" | "modelOutputs"
>;

interface Column {
  readonly steps: number[];
  readonly timestamps: number[];
  readonly values: number[];
}

/** One run and all it holds. */
export class MemoryRun {
  #head: RunHead;
  readonly params = new Map<string, string>();
  readonly tags: Map<string, string>;
  readonly #metrics = new Map<string, Column>();
  readonly #inputs = new Map<string, DatasetInput>();
  readonly #modelInputs = new Map<string, ModelInput>();
  readonly #modelOutputs = new Map<string, ModelOutput>();

  constructor(head: RunHead, tags: Readonly<Record<string, string>>) {
    this.#head = head;
    this.tags = new Map(Object.entries(tags));
  }

  get head(): RunHead {
    return this.#head;
  }

  setLifecycleStage(lifecycleStage: LifecycleStage): void {
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
