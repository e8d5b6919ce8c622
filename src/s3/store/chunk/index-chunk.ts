import type { z } from "zod";
import type { ColumnName, ColumnPlan } from "./column.ts";

/** One head as a search looks at it. */
export interface IndexRow<T> {
  readonly id: string;
  /** What its head has in a column; of a column that was not loaded, an error. */
  value(column: ColumnName): unknown;
  /** All of it. @throws {TidemarkError} `DATA_DAMAGED` */
  head(): Promise<T>;
}

/** Heads of an index, in an object that never changes. */
export interface IndexChunk<T> {
  /** By row. */
  readonly ids: readonly string[];
  /** By row: the revision of the head that is here. */
  readonly revs: readonly number[];
  /** Whether a head never comes back. */
  isGone(at: number): boolean;
  /** Before rows are asked for values. @throws {TidemarkError} `DATA_DAMAGED` */
  load(columns: readonly ColumnName[]): Promise<void>;
  row(at: number): IndexRow<T>;
  /** @throws {TidemarkError} `DATA_DAMAGED` */
  heads(): Promise<readonly T[]>;
}

/** What the heads in a chunk are. */
export interface ChunkKind<T> {
  readonly schema: z.ZodType<T>;
  readonly columns: ColumnPlan<T>;
  /** Such a head never comes back. */
  readonly isGone: (head: T) => boolean;
}

/** A head that chunks can hold. */
export interface ChunkHead {
  readonly id: string;
  readonly rev: number;
}
