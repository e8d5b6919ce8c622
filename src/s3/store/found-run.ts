import type { Metric } from "../../schema/metric.ts";
import type { RunEntity } from "../../schema/run.ts";
import { ownValue, runAttribute, searchableDatasets } from "../../search/entities.ts";
import type { Searchable, SearchableDataset } from "../../search/searchable.ts";
import type { ExperimentHead } from "./experiment-head.ts";
import type { Content } from "./heads.ts";
import { artifactUriOf, lifecycleStageOf, type RunHead, runEntity } from "./run-head.ts";
import { metricValue } from "./stored-metric.ts";

/**
 * A run as a search looks at it. Of ten thousand fifty are shown: the others are only asked for what the expression names, and nothing is made
 * of them.
 */
export class FoundRun implements Searchable {
  readonly head: RunHead;
  readonly #experiment: Content<ExperimentHead>;
  readonly #uri: string;
  /** Of an open run, where somebody has looked. */
  #latest: readonly Metric[] = [];

  /** @param uri - Of the store. */
  constructor(head: RunHead, experiment: Content<ExperimentHead>, uri: string) {
    this.head = head;
    this.#experiment = experiment;
    this.#uri = uri;
  }

  /** Its latest values are in its segments, not in its head. */
  get isOpen(): boolean {
    return this.head.latestMetrics === undefined;
  }

  get lifecycleStage(): RunEntity["lifecycleStage"] {
    return lifecycleStageOf(this.head, this.#experiment);
  }

  /** Takes what the segments of an open run say. */
  setLatest(latest: readonly Metric[]): void {
    this.#latest = latest;
  }

  attribute(name: string): string | number | undefined {
    return name === "artifact_uri" ? artifactUriOf(this.head, this.#uri) : runAttribute(this.head, name);
  }

  metric(key: string): number | undefined {
    const stored = this.head.latestMetrics?.find((metric) => metric.key === key);
    return stored === undefined ? this.#latest.find((metric) => metric.key === key)?.value : metricValue(stored);
  }

  param(key: string): string | undefined {
    return ownValue(this.head.params, key);
  }

  tag(key: string): string | undefined {
    return ownValue(this.head.tags, key);
  }

  datasets(): SearchableDataset[] {
    return searchableDatasets(this.head.inputs);
  }

  /** All of it. */
  entity(): RunEntity {
    return runEntity(this.head, this.#experiment, this.#uri, this.#latest);
  }
}
