import { cutIntoChunks, hasRoom } from "./chunk/cut-rows.ts";
import type { IndexChunk } from "./chunk/index-chunk.ts";
import type { IndexHead } from "./index-files.ts";

/** Chunks by id, and heads that are newer than those in them. */
interface Changes<T> {
  readonly chunks: ReadonlyMap<string, IndexChunk<T>>;
  readonly fresh: ReadonlyMap<string, T | undefined>;
}

/**
 * Which chunks are to be replaced by which: those with a row that has changed, and the last one where new rows find room in it.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`
 */
export async function changedChunks<T extends IndexHead>(
  { chunks, fresh }: Changes<T>,
  isGone: (head: T) => boolean,
): Promise<{ removed: Set<string>; added: T[][] }> {
  const newHeads = new Map([...fresh].flatMap(([id, head]) => (head === undefined ? [] : [[id, head] as const])));
  const removed = new Set<string>();
  const added: T[][] = [];
  const rest = new Map(newHeads);
  let last: { readonly id: string; readonly chunk: IndexChunk<T> } | undefined;
  for (const [id, chunk] of chunks) {
    const isChanged = chunk.ids.some((row) => newHeads.has(row));
    for (const row of chunk.ids) rest.delete(row);
    if (isChanged) {
      removed.add(id);
      const updated = (await chunk.heads()).map((head) => newHeads.get(head.id) ?? head);
      added.push(...cutIntoChunks(updated.filter((head) => !isGone(head))));
    } else if (hasRoom(chunk.ids)) last = { id, chunk };
  }
  const newcomers = [...rest.values()].filter((head) => !isGone(head));
  if (newcomers.length === 0) return { removed, added };
  const open = added.findIndex(hasRoom);
  const start = open >= 0 ? (added.splice(open, 1)[0] ?? []) : ((await last?.chunk.heads()) ?? []);
  if (open < 0 && last !== undefined) removed.add(last.id);
  added.push(...cutIntoChunks([...start, ...newcomers]));
  return { removed, added };
}
