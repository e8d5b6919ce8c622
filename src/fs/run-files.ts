import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { schemeOf } from "../base/file-uri.ts";
import { newId, newRunName } from "../base/ids.ts";
import { runDeleted } from "../base/store-errors.ts";
import { makeDirectory, replaceFile } from "../disk/atomic-file.ts";
import { damaged, guarded } from "../disk/storage-errors.ts";
import { temporaryName } from "../disk/temporary-name.ts";
import type { Experiment, LifecycleStage } from "../schema/experiment.ts";
import { RUN_NAME_TAG } from "../schema/known-tags.ts";
import type { Tag } from "../schema/param.ts";
import type { CreateRun, RunEntity, RunStatus, UpdateRun } from "../schema/run.ts";
import type { Containment } from "./containment.ts";
import { removeText, setText, type TextPlace } from "./key-files.ts";
import { ARTIFACTS_DIRECTORY, META_FILE, METRICS_DIRECTORY, PARAMS_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { formatMeta, Meta, type MetaValue } from "./meta-yaml.ts";
import type { StoreFiles } from "./store-files.ts";

/** What a run's meta.yaml says. */
export type RunInfo = Omit<
  RunEntity,
  "params" | "tags" | "metrics" | "latestMetrics" | "inputs" | "modelInputs" | "modelOutputs"
>;

/** MLflow's numbers of the states (service.proto). */
export const STATUS_NUMBERS: Readonly<Record<RunStatus, number>> = {
  RUNNING: 1,
  SCHEDULED: 2,
  FINISHED: 3,
  FAILED: 4,
  KILLED: 5,
};
const STATUSES = new Map(Object.entries(STATUS_NUMBERS).map(([status, number]) => [number, status as RunStatus]));

/** MLflow's number of SourceType.LOCAL; nothing reads it, but Python writes it. */
const SOURCE_TYPE_LOCAL = 4;

/** Runs as directories with a meta.yaml. */
export class RunFiles {
  readonly #store: StoreFiles;

  constructor(store: StoreFiles) {
    this.#store = store;
  }

  /** Prepares the whole directory beside its place and renames it: nobody ever sees half a run. Answers where it is. */
  create(experiment: Experiment, experimentDirectory: string, input: CreateRun): string {
    const id = newId();
    const name = input.name ?? input.tags?.[RUN_NAME_TAG] ?? newRunName();
    const place = join(experimentDirectory, id);
    const temporary = join(experimentDirectory, temporaryName());
    const tagsDirectory = join(temporary, TAGS_DIRECTORY);
    guarded("create", place, () => {
      try {
        // Not recursive: an experiment that was deleted is not brought back to life.
        mkdirSync(temporary);
        for (const directory of [METRICS_DIRECTORY, PARAMS_DIRECTORY, TAGS_DIRECTORY, ARTIFACTS_DIRECTORY]) {
          makeDirectory(join(temporary, directory));
        }
        const tags = { containment: this.#store.containment, root: temporary, directory: tagsDirectory };
        for (const [key, value] of Object.entries({ ...input.tags, [RUN_NAME_TAG]: name })) setText(tags, key, value);
        writeFileSync(join(temporary, META_FILE), formatMeta(newRunMeta(experiment, id, name, input)));
        renameSync(temporary, place);
      } catch (error) {
        rmSync(temporary, { recursive: true, force: true });
        throw error;
      }
    });
    this.#store.rememberRun(id, place);
    return place;
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` */
  read(place: string): RunInfo {
    return readRunInfo(this.#store.containment, place);
  }

  /** MLflow keeps a deleted run where it is, with the time of its deletion. */
  setLifecycleStage(place: string, stage: LifecycleStage, time: number): void {
    const meta = readMeta(this.#store.containment, place);
    if (runInfo(meta, place).lifecycleStage === stage) return;
    const changes = { lifecycle_stage: stage, deleted_time: stage === "deleted" ? time : null };
    guarded("update", meta.path, () => replaceFile(place, meta.path, meta.with(changes)));
  }

  update(place: string, update: Omit<UpdateRun, "runId">): void {
    const { name, status, endTime } = update;
    const meta = readMeta(this.#store.containment, place);
    const info = runInfo(meta, place);
    if (info.lifecycleStage === "deleted") throw runDeleted(info.id);
    const changes: Record<string, MetaValue> = {
      ...(name === undefined ? {} : { run_name: name }),
      ...(status === undefined ? {} : { status: STATUS_NUMBERS[status] }),
      ...(endTime === undefined ? {} : { end_time: endTime }),
    };
    guarded("update", meta.path, () => replaceFile(place, meta.path, meta.with(changes)));
    if (name !== undefined) this.#setTag(place, { key: RUN_NAME_TAG, value: name });
  }

  /** Ends a run for its process, if it is RUNNING. The tag comes first: a crash in between leaves a run that is still RUNNING. */
  reap(place: string, { endTime, tag }: { readonly endTime: number; readonly tag: Tag }): boolean {
    const { status, lifecycleStage } = this.read(place);
    if (status !== "RUNNING" || lifecycleStage === "deleted") return false;
    this.#setTag(place, tag);
    this.update(place, { status: "KILLED", endTime });
    return true;
  }

  /** Undoes that, if the run has the tag. It goes last, for the same reason. */
  revive(place: string, tagKey: string): boolean {
    const { status, lifecycleStage } = this.read(place);
    if (status !== "KILLED" || lifecycleStage === "deleted") return false;
    const tags = this.#tagsOf(place);
    if (!existsSync(join(tags.directory, tagKey))) return false;
    this.update(place, { status: "RUNNING" });
    return removeText(tags, tagKey);
  }

  #setTag(place: string, { key, value }: Tag): void {
    const tags = this.#tagsOf(place);
    guarded("write", join(tags.directory, key), () => setText(tags, key, value));
  }

  #tagsOf(place: string): TextPlace {
    return { containment: this.#store.containment, root: place, directory: join(place, TAGS_DIRECTORY) };
  }
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
export function readRunInfo(containment: Containment, place: string): RunInfo {
  return runInfo(readMeta(containment, place), place);
}

/** What stands in the meta.yaml of a run that has just been made. */
export function newRunMeta(
  { id: experimentId, artifactLocation }: Experiment,
  id: string,
  name: string,
  input: Pick<CreateRun, "startTime" | "userId">,
) {
  return {
    artifact_uri: `${artifactLocation.replace(/\/+$/, "")}/${id}/${ARTIFACTS_DIRECTORY}`,
    deleted_time: null,
    end_time: null,
    entry_point_name: "",
    experiment_id: experimentId,
    lifecycle_stage: "active",
    run_id: id,
    run_name: name,
    source_name: "",
    source_type: SOURCE_TYPE_LOCAL,
    source_version: "",
    start_time: input.startTime ?? Date.now(),
    status: STATUS_NUMBERS.RUNNING,
    tags: [],
    user_id: input.userId ?? "unknown",
  } as const;
}

function readMeta(containment: Containment, place: string): Meta {
  const path = join(place, META_FILE);
  const meta = Meta.read(containment, path);
  if (meta === undefined) throw damaged(path, "is missing");
  return meta;
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
export function runInfo(meta: Meta, place: string): RunInfo {
  const id = meta.text("run_id") ?? meta.text("run_uuid");
  if (id !== basename(place)) throw damaged(meta.path, `says it is run ${id}, in the directory of another`);
  const status = STATUSES.get(meta.integer("status") ?? 0);
  const startTime = meta.integer("start_time");
  if (status === undefined) throw damaged(meta.path, "has no status");
  if (startTime === undefined) throw damaged(meta.path, "has no start_time");
  const endTime = meta.integer("end_time");
  const artifactUri = meta.text("artifact_uri");
  return {
    id,
    name: meta.text("run_name") ?? "",
    experimentId: meta.text("experiment_id") ?? basename(dirname(place)),
    userId: meta.text("user_id") ?? "",
    status,
    startTime,
    ...(endTime === undefined ? {} : { endTime }),
    lifecycleStage: meta.text("lifecycle_stage") === "deleted" ? "deleted" : "active",
    artifactUri:
      artifactUri === undefined ? pathToFileURL(join(place, ARTIFACTS_DIRECTORY)).href : absolute(artifactUri),
  };
}

/** Old versions of MLflow wrote plain paths. */
const absolute = (uri: string) => (schemeOf(uri) === undefined ? pathToFileURL(uri).href : uri);
