import type { IndexChunk, IndexRow } from "./chunk/index-chunk.ts";
import { HeadRow } from "./chunk/plain-chunk.ts";
import type { IndexFiles, IndexHead, Manifest, Marker } from "./index-files.ts";

/** All that a read of an index has found. */
export interface IndexState<T> {
  readonly markers: readonly Marker[];
  readonly manifest: Manifest | undefined;
  /** By the id of the chunk. */
  readonly chunks: ReadonlyMap<string, IndexChunk<T>>;
  /** Heads that are newer than what is in the chunks, `undefined` where there is none. */
  readonly fresh: ReadonlyMap<string, T | undefined>;
}

/** The newest of each head. @throws {TidemarkError} `DATA_DAMAGED` */
export async function headsOf<T extends IndexHead>({ chunks, fresh }: IndexState<T>): Promise<T[]> {
  const heads = new Map<string, T>();
  for (const chunk of chunks.values()) for (const head of await chunk.heads()) heads.set(head.id, head);
  for (const [id, head] of fresh) if (head !== undefined) heads.set(id, head);
  return [...heads.values()];
}

/** The same to be looked at, without reading heads whole; without those that never come back. */
export function rowsOf<T extends IndexHead>(
  { chunks, fresh }: IndexState<T>,
  { plan, of: { isGone } }: IndexFiles<T>,
): IndexRow<T>[] {
  const rows = new Map<string, IndexRow<T>>();
  const put = (id: string, row: IndexRow<T> | undefined) => (row === undefined ? rows.delete(id) : rows.set(id, row));
  for (const chunk of chunks.values())
    for (const [at, id] of chunk.ids.entries()) put(id, chunk.isGone(at) ? undefined : chunk.row(at));
  for (const [id, head] of fresh) if (head !== undefined) put(id, isGone(head) ? undefined : new HeadRow(head, plan));
  return [...rows.values()];
}

/** Which revision of these heads is in the chunks; of one that is in none, nothing. */
export function indexedRevs<T>(
  chunks: ReadonlyMap<string, IndexChunk<T>>,
  ids: ReadonlySet<string>,
): Map<string, number> {
  const revs = new Map<string, number>();
  if (ids.size === 0) return revs;
  for (const chunk of chunks.values())
    for (const [at, id] of chunk.ids.entries()) if (ids.has(id)) revs.set(id, chunk.revs[at] as number);
  return revs;
}
