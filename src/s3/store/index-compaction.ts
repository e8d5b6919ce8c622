import { TidemarkError } from "../../base/errors.ts";
import { changedChunks } from "./changed-chunks.ts";
import type { IndexFiles, IndexHead, Manifest, Marker } from "./index-files.ts";
import { type IndexState, indexedRevs } from "./index-state.ts";

/** Readers of an older manifest are done by then. */
const CHUNK_EXPIRES_MS = 15 * 60_000;
/** The writer of such a marker has died before it wrote the head, or is as good as dead. */
const MARKER_IS_STUCK_MS = 3_600_000;
const MARKER_EXPIRES_MS = 24 * 3_600_000;

/**
 * Writes new chunks for what has changed, then the manifest, where nobody else has written it meanwhile, and deletes only markers of
 * revisions that the index has now.
 */
export async function compactIndex<T extends IndexHead>(files: IndexFiles<T>, state: IndexState<T>): Promise<void> {
  const { manifest } = state;
  const changed = await changedChunks(state, files.of.isGone);
  const made: { id: string; rows: number }[] = [];
  for (const rows of changed.added) made.push(await files.putChunk(rows));
  if (made.length > 0 || changed.removed.size > 0) {
    const kept = (manifest?.chunks ?? []).filter(({ id }) => !changed.removed.has(id));
    if (!(await replaceManifest(files, manifest, [...kept, ...made]))) {
      // Nobody knows of them.
      await files.deleteAll(made.map(({ id }) => files.chunkKey(id)));
      return;
    }
    const newest = made[0]?.id;
    if (newest !== undefined) await deleteOldChunks(files, newest, [...kept, ...made]);
  }
  await deleteMarkers(files, state);
}

async function replaceManifest<T extends IndexHead>(
  { heads, manifestKind, directory }: IndexFiles<T>,
  seen: Manifest | undefined,
  chunks: Manifest["chunks"],
): Promise<boolean> {
  if (seen === undefined) return (await heads.create(manifestKind, "", { chunks })) !== undefined;
  let isLate = false;
  const replace = (manifest: Manifest) => {
    isLate = manifest.rev !== seen.rev;
    return isLate ? manifest : { ...manifest, chunks };
  };
  await heads.change(manifestKind, "", replace, () => gone(directory));
  return !isLate;
}

/** What no manifest has named for a while: replaced, or left by somebody who died. */
async function deleteOldChunks<T extends IndexHead>(
  files: IndexFiles<T>,
  newest: string,
  chunks: Manifest["chunks"],
): Promise<void> {
  const named = new Set(chunks.map(({ id }) => files.chunkKey(id)));
  const listed = await files.heads.objects.list(files.chunkDirectory);
  // By the clock of the storage.
  const now = listed.find(({ key }) => key === files.chunkKey(newest))?.lastModified.getTime() ?? 0;
  const old = listed.filter(
    ({ key, lastModified }) => !named.has(key) && now - lastModified.getTime() > CHUNK_EXPIRES_MS,
  );
  await files.deleteAll(old.map(({ key }) => key));
}

async function deleteMarkers<T extends IndexHead>(
  files: IndexFiles<T>,
  { markers, chunks, fresh }: IndexState<T>,
): Promise<void> {
  const revs = indexedRevs(chunks, new Set(markers.map(({ id }) => id)));
  for (const [id, head] of fresh) if (head !== undefined) revs.set(id, head.rev);
  // By the clock of the storage: that of this machine may be days ahead.
  const now = Math.max(0, ...markers.map(({ lastModified }) => lastModified.getTime()));
  const isOld = ({ lastModified }: Marker, ageMs: number) => now - lastModified.getTime() > ageMs;
  const done = markers.filter((marker) => {
    const rev = revs.get(marker.id);
    return rev === undefined ? isOld(marker, MARKER_EXPIRES_MS) : marker.rev <= rev;
  });
  await files.deleteAll(done.map(({ key }) => key));
  const stuck = markers.filter((marker) => {
    const rev = revs.get(marker.id);
    return rev !== undefined && marker.rev > rev && isOld(marker, MARKER_IS_STUCK_MS);
  });
  // Written anew, the head has the revision that was announced, and whoever announced it cannot write it any more.
  for (const id of new Set(stuck.map(({ id }) => id)))
    await files.heads.change(
      files.of,
      id,
      (head) => ({ ...head }),
      () => gone(id),
    );
}

const gone = (place: string): TidemarkError =>
  new TidemarkError("DATA_DAMAGED", `the head of ${place} has disappeared`);
