import type { TrackingStore } from "../../contract/tracking-store.ts";

/** What a run has that was ended for its process: why. Taken away again when the process turns out to live. */
export const REAPED_TAG = "tidemark.reaped";

/**
 * Undoes the end of a run that lives after all.
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
