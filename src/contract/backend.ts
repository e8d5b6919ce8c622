import type { ArtifactStore } from "./artifact-store.ts";
import type { GarbageStore } from "./garbage-store.ts";
import type { Importer } from "./importer.ts";
import type { LoggedModelStore } from "./logged-model-store.ts";
import type { RegistryStore } from "./registry-store.ts";
import type { RemoteAccess } from "./remote-access.ts";
import type { TrackingStore } from "./tracking-store.ts";

/** A place where experiments, runs and their files are kept. One folder in `src/` implements it for one kind of place. */
export interface Backend {
  /** Credentials taken out: this is shown to people. */
  readonly uri: string;
  readonly tracking: TrackingStore;
  /** Absent where the backend keeps no registry. */
  readonly registry?: RegistryStore;
  /** Absent where the backend keeps no logged models. */
  readonly loggedModels?: LoggedModelStore;
  /** Absent where nothing can be deleted for good. */
  readonly garbage?: GarbageStore;
  /** Absent where the store gives ids, numbers and times by itself, whatever they are elsewhere. */
  readonly importer?: Importer;
  /** What answers there, with its version: `MLflow 3.17.2`. Tried once. Absent where nothing but this process does. */
  version?(): Promise<string>;
  /** Present where the backend can be away: a spool stands before its runs. */
  readonly remote?: RemoteAccess;
  /** The artifacts below a run's `artifactUri`. */
  artifacts(uri: string): ArtifactStore;
  close(): Promise<void>;
}
