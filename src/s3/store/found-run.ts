import type { Metric } from "../../schema/metric.ts";
import type { RunEntity } from "../../schema/run.ts";
import type { Searchable, SearchableDataset } from "../../search/searchable.ts";
import type { IndexRow } from "./chunk/index-chunk.ts";
import type { ExperimentHead } from "./experiment-head.ts";
import type { Content } from "./heads.ts";
import {
  ARTIFACT_URI,
  attributeColumn,
  DATASETS,
  DELETED_IN,
  IS_OPEN,
  metricColumn,
  paramColumn,
  type StoredDataset,
  tagColumn,
} from "./run-columns.ts";
import { artifactUriOf, lifecycleStageOf, type RunContent, type RunHead, runEntity } from "./run-head.ts";
import { metricValue, type StoredMetric } from "./stored-metric.ts";

/**
 * A run as a search looks at it. Of ten thousand fifty are shown: the others are only asked for what the expression names, and nothing is read
 * or made of the rest of them.
 */
export class FoundRun implements Searchable {
  readonly #row: IndexRow<RunHead>;
  readonly #experiment: Content<ExperimentHead>;
  readonly #uri: string;
  /** Of an open run, where somebody has looked. */
  #latest: readonly Metric[] = [];

  /** @param uri - Of the store. */
  constructor(row: IndexRow<RunHead>, experiment: Content<ExperimentHead>, uri: string) {
    this.#row = row;
    this.#experiment = experiment;
    this.#uri = uri;
  }

  get id(): string {
    return this.#row.id;
  }

  /** Its latest values are in its segments, not in its head. */
  get isOpen(): boolean {
    return this.#row.value(IS_OPEN) === true;
  }

  get lifecycleStage(): RunEntity["lifecycleStage"] {
    const deletedIn = this.#row.value(DELETED_IN) as RunContent["deletedIn"];
    return lifecycleStageOf({ deletedIn }, this.#experiment);
  }

  /** Takes what the segments of an open run say. */
  setLatest(latest: readonly Metric[]): void {
    this.#latest = latest;
  }

  attribute(name: string): string | number | undefined {
    const column = attributeColumn(name);
    const value = column === undefined ? undefined : this.#row.value(column);
    if (column !== ARTIFACT_URI) return value as string | number | undefined;
    return artifactUriOf({ id: this.id, artifactUri: value as string | undefined }, this.#uri);
  }

  metric(key: string): number | undefined {
    const value = this.#row.value(metricColumn(key)) as StoredMetric["value"] | undefined;
    return value === undefined ? this.#latest.find((metric) => metric.key === key)?.value : metricValue({ value });
  }

  param(key: string): string | undefined {
    return this.#row.value(paramColumn(key)) as string | undefined;
  }

  tag(key: string): string | undefined {
    return this.#row.value(tagColumn(key)) as string | undefined;
  }

  datasets(): SearchableDataset[] {
    const datasets = (this.#row.value(DATASETS) ?? []) as readonly StoredDataset[];
    return datasets.map(([name, digest, context]) => ({ name, digest, context: context ?? undefined }));
  }

  /** All of it. @throws {TidemarkError} `DATA_DAMAGED` */
  async entity(): Promise<RunEntity> {
    return runEntity(await this.#row.head(), this.#experiment, this.#uri, this.#latest);
  }
}
