import type { TrackingStore } from "../../contract/tracking-store.ts";
import type { Tag } from "../../schema/param.ts";
import { writeOnce } from "../write-once.ts";

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
