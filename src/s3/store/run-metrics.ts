import type { MetricColumns, Series } from "../../contract/batch.ts";
import type { Metric, MetricHistory } from "../../schema/metric.ts";

/** The metric values of one run, in segments that never change. */
export interface RunMetrics {
  /** Writes one segment. It is there for good when this settles. */
  append(columns: MetricColumns, series: readonly Series[], signal: AbortSignal): Promise<void>;
  history(key: string): Promise<MetricHistory>;
  /** The latest value of every key, as MLflow chooses it. */
  latest(): Promise<readonly Metric[]>;
  /** Makes few objects of many. Any number of processes may do so at once. */
  compact(): Promise<void>;
}

/** @param writerId - Unique: no other writer of the run has it. */
export type OpenRunMetrics = (runId: string, writerId: string) => RunMetrics;
