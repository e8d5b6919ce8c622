/**
 * What can be deleted for good: runs, experiments and logged models that were deleted; files of runs and models that are not there (`"orphan"`);
 * what a crash has left half made (`"temporary"`); uploads in parts that were never completed (`"upload"`).
 */
export type GarbageKind = "run" | "logged-model" | "experiment" | "orphan" | "temporary" | "upload";

/** One thing that can be deleted for good. */
export interface Garbage {
  readonly kind: GarbageKind;
  /** Of the run, the model or the experiment; of what has none, where it is below the store. */
  readonly id: string;
  readonly name?: string;
  readonly experimentId?: string;
  /** When it was deleted; of what was not, when it was written last. Milliseconds since 1970. */
  readonly since: number;
  /** Where it is, as a URI. */
  readonly place: string;
  /** What goes with it, where that is known. */
  readonly bytes?: number;
  /** Ids of runs it stands for no longer when it is gone: the source of a model. */
  readonly refersTo?: readonly string[];
  /** Where its artifacts are, when they stay because that is no part of the store. */
  readonly artifactsElsewhere?: string;
  /** What tells it from another of the same id: of an upload. */
  readonly token?: string;
}

/** How old garbage has to be. Both are milliseconds since 1970. */
export interface GarbageAge {
  /** Runs, models and experiments that were deleted before that. */
  readonly deletedBefore: number;
  /** What nobody has deleted, and nobody has written since then. */
  readonly leftBefore: number;
}

/**
 * Deletes for good. What a path, a link or a file of the store says never leads out of it. Every step can be repeated: what was
 * interrupted is finished by the next one.
 */
export interface GarbageStore {
  /** All of it, experiments with everything in them. Whether something else refers to it is not looked at. What is damaged is not garbage. */
  list(age: GarbageAge): Promise<readonly Garbage[]>;
  /** Deletes one of them. False where it is not what it was any more: restored, written since, or gone. */
  purge(garbage: Garbage): Promise<boolean>;
}
