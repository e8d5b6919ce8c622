import type { TrackingStore } from "../../contract/tracking-store.ts";
import type { Tag } from "../../schema/param.ts";
import { writeOnce } from "../write-once.ts";

/** What a run has that was ended for its process: why. Taken away again when the process turns out to live. */
export const REAPED_TAG = "tidemark.reaped";

/** How a run is ended for its process. */
export interface Reaped {
  readonly endTime: number;
  readonly tag: Tag;
}

/** Ends a run as KILLED if it is RUNNING; answers whether it was. */
export async function reapRun(store: TrackingStore, runId: string, reaped: Reaped): Promise<boolean> {
  if (store.reapRun !== undefined) return await store.reapRun(runId, reaped);
  if ((await store.getRun(runId)).status !== "RUNNING") return false;
  // The tag first: what breaks off in between leaves a run that is still RUNNING.
  await writeOnce(store, runId, { tags: [reaped.tag] });
  await store.updateRun({ runId, status: "KILLED", endTime: reaped.endTime });
  return true;
}

/**
 * Undoes that for a run that lives after all.
 *
 * @param isWanted - Asked before anything is changed: the run may have ended meanwhile.
 */
export async function reviveRun(
  store: TrackingStore,
  runId: string,
  isWanted: () => boolean = () => true,
): Promise<void> {
  if (store.reviveRun !== undefined) {
    await store.reviveRun(runId, REAPED_TAG);
    return;
  }
  const { status, tags } = await store.getRun(runId);
  if (status !== "KILLED" || !Object.hasOwn(tags, REAPED_TAG) || !isWanted()) return;
  await store.updateRun({ runId, status: "RUNNING" });
  await store.deleteTag(runId, REAPED_TAG);
}
