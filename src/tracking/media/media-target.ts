import type { ArtifactStore } from "../../contract/artifact-store.ts";
import type { Tag } from "../../schema/param.ts";

/** Where the media of a run go. */
export interface MediaTarget {
  readonly runId: string;
  readonly artifacts: ArtifactStore;
  /** Paths of tables that were announced by this run. */
  readonly announced: Set<string>;
  /** A tag as it is at the backend; `undefined` also where that cannot be asked now. */
  readTag(key: string): Promise<string | undefined>;
  writeTag(tag: Tag): Promise<void>;
}
