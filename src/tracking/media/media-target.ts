import type { ArtifactStore } from "../../contract/artifact-store.ts";
import type { TrackingStore } from "../../contract/tracking-store.ts";

/** Where the media of a run go. */
export interface MediaTarget {
  readonly runId: string;
  readonly tracking: TrackingStore;
  readonly artifacts: ArtifactStore;
}
