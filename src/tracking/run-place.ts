import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Backend } from "../contract/backend.ts";
import type { Journal } from "../contract/journal.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import type { Tag } from "../schema/param.ts";
import type { ExperimentRef, RunEntity, UpdateRun } from "../schema/run.ts";
import { reviveRun } from "./life/revive-run.ts";
import { taggingMarks } from "./rewind/tag-marks.ts";
import { writeOnce } from "./write-once.ts";

/** How a run ends. */
export type RunEnd = Omit<UpdateRun, "runId">;

/** Where an open run is kept, and how what it logs beside the queue comes there. */
export interface RunPlace {
  /** The run as it was when it was opened, and what the backend has said of it since. */
  readonly entity: RunEntity;
  /** The id by which the backend knows the run; `undefined` as long as it does not. */
  readonly backendId: string | undefined;
  /** The experiment of the run, for runs that are a part of it. */
  readonly experiment: ExperimentRef;
  readonly sink: MetricSink;
  /** Stands before the sink. */
  readonly journal: Journal | undefined;
  readonly artifacts: ArtifactStore;
  /** True where the end can be written without waiting, at the very end of the process. */
  readonly endsSync: boolean;
  /** Waits for the backend, if need be, and answers the id by which it knows the run; `undefined` where it is away. */
  reach(): Promise<string | undefined>;
  /** A tag as it is at the backend; `undefined` also where that cannot be asked now. */
  readTag(key: string): Promise<string | undefined>;
  /** Sets a tag and waits for it. False where the backend is away: then the tag goes with the run's log. */
  writeTag(tag: Tag): Promise<boolean>;
  /** Undoes what a reaper has done to the run, if one has; `isWanted` is asked before anything is changed. */
  revive(isWanted: () => boolean): Promise<void>;
  /** There is no more time: uploads that can be left for later are. */
  hurry(): void;
  /**
   * Writes how the run ended, when all else is there.
   *
   * @param isDelivered - What was logged is at the backend.
   * @param timeoutMs - How long the backend may take.
   * @param mayBeReaped - Somebody may have ended the run already.
   */
  finish(end: RunEnd, isDelivered: boolean, timeoutMs: number, mayBeReaped: boolean): Promise<void>;
  /** The same without waiting. */
  finishSync(end: RunEnd): void;
}

/** A run at a backend that is there whenever this process is. */
export function directPlace(backend: Backend, entity: RunEntity, opened: MetricSink): RunPlace {
  const { tracking } = backend;
  const sink = taggingMarks(tracking, opened, entity);
  return {
    entity,
    backendId: entity.id,
    experiment: { id: entity.experimentId },
    sink,
    journal: undefined,
    get artifacts() {
      return backend.artifacts(entity.artifactUri);
    },
    endsSync: "writeSync" in sink && tracking.updateRunSync !== undefined,
    reach: async () => entity.id,
    readTag: async (key) => (await tracking.getRun(entity.id)).tags[key],
    writeTag: async (tag) => {
      await writeOnce(tracking, entity.id, { tags: [tag] });
      return true;
    },
    revive: (isWanted) => reviveRun(tracking, entity.id, isWanted),
    hurry: () => {},
    finish: async (end, _isDelivered, _timeoutMs, mayBeReaped) => {
      if (mayBeReaped) await reviveRun(tracking, entity.id);
      await tracking.updateRun({ runId: entity.id, ...end });
    },
    finishSync: (end) => tracking.updateRunSync?.({ runId: entity.id, ...end }),
  };
}
