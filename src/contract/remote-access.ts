import type { RunEntity } from "../schema/run.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import type { MetricSink, SinkLimits } from "./metric-sink.ts";
import type { TrackingStore } from "./tracking-store.ts";

/**
 * A backend that can be away says here how to reach it. Its runs then have a local spool before them: they may begin while it is
 * away, and what they log is brought to it when it is back.
 *
 * The stores try every call once. Whoever uses them repeats by itself, and looks first whether a lost answer was a success.
 */
export interface RemoteAccess {
  /** Which place this is, and who we are there. A spool is only ever replayed to the same. Without secrets. */
  readonly identity: string;
  /** The limits of every sink that is opened. */
  readonly sinkLimits: SinkLimits;
  readonly tracking: TrackingStore;
  /** Opens the sink of a run that {@link tracking} has answered. */
  openSink(run: RunEntity): MetricSink | Promise<MetricSink>;
  /** The artifacts below a run's `artifactUri`. */
  artifacts(uri: string): ArtifactStore;
}
