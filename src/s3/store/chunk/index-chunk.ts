import type { z } from "zod";
import type { StoreObjects } from "../store-objects.ts";
import type { ColumnName, ColumnPlan } from "./column.ts";
import { ColumnChunk } from "./column-chunk.ts";
import { readDirectory } from "./directory.ts";
import { PlainChunk } from "./plain-chunk.ts";

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
}

/** A head that chunks can hold. */
export interface ChunkHead {
  readonly id: string;
  readonly rev: number;
}

const LARGEST_OBJECT_BYTES = 128 << 20;

/**
 * With the columns loaded that are asked for.
 *
 * `undefined` where the chunk is not there any more.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export async function readChunk<T extends ChunkHead>(
  objects: StoreObjects,
  key: string,
  kind: ChunkKind<T>,
  columns: readonly ColumnName[],
): Promise<IndexChunk<T> | undefined> {
  const object = await objects.get(key, LARGEST_OBJECT_BYTES);
  return object === undefined ? undefined : await openChunk(object.bytes, objects.describe(key), kind, columns);
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
export async function openChunk<T extends ChunkHead>(
  bytes: Buffer,
  place: string,
  kind: ChunkKind<T>,
  columns: readonly ColumnName[],
): Promise<IndexChunk<T>> {
  const directory = kind.columns.size === 0 ? undefined : await readDirectory(bytes, place);
  return directory === undefined
    ? await PlainChunk.open(bytes, place, kind)
    : await ColumnChunk.open(directory, columns, place, kind);
}
