import type { StoreObjects } from "../store-objects.ts";
import type { ColumnName } from "./column.ts";
import { ColumnChunk } from "./column-chunk.ts";
import { readDirectory } from "./directory.ts";
import type { ChunkHead, ChunkKind, IndexChunk } from "./index-chunk.ts";
import { PlainChunk } from "./plain-chunk.ts";

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
