import type { DatasetInput } from "../schema/dataset.ts";
import type { Param, Tag } from "../schema/param.ts";

/** What a metric value belongs to. A run interns every series once; values carry its index. */
export interface Series {
  readonly key: string;
  /** The logged model the value was measured on. */
  readonly modelId?: string;
  /** The dataset the value was measured on. */
  readonly dataset?: { readonly name: string; readonly digest: string };
}

/** A name for a place in a run's log, to which the run can be taken back. */
export interface Mark {
  readonly name: string;
  /** Random, so that a mark that comes a second time is known again: it stays where it was. */
  readonly id: string;
  /** When it was made, in milliseconds since 1970. */
  readonly time: number;
}

/** Metric values as columns. The arrays may be longer than `length`; what is behind it is not part of the batch. */
export interface MetricColumns {
  readonly length: number;
  /** Indexes into the batch's series table. */
  readonly seriesIds: Uint32Array;
  readonly values: Float64Array;
  /** Milliseconds since 1970. */
  readonly timestamps: Float64Array;
  readonly steps: Float64Array;
}

/**
 * What a sink is given: one stretch of a run's log, oldest first within each kind. The queue owns the arrays and uses them
 * again as soon as the write has settled: a sink that needs them longer copies them.
 */
export interface Batch {
  /** The run's whole series table: grows, never changes. */
  readonly series: readonly Series[];
  readonly metrics: MetricColumns;
  readonly params: readonly Param[];
  readonly tags: readonly Tag[];
  readonly inputs: readonly DatasetInput[];
  /**
   * Marks behind everything else of the batch: they stand for all values that the run has by then. Taken last, when nothing of the batch is
   * left to be sent again. Absent where there are none, and for stores without `rewind`.
   */
  readonly marks?: readonly Mark[];
}

/** Positions in a batch, ascending, by kind. */
export interface BatchPositions {
  readonly metrics: ArrayLike<number>;
  readonly params: ArrayLike<number>;
  readonly tags: ArrayLike<number>;
  readonly inputs: ArrayLike<number>;
  readonly marks?: ArrayLike<number>;
}
