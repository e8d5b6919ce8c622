import { renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { systemCodeOf, TidemarkError } from "../base/errors.ts";
import { DEFAULT_EXPERIMENT_ID } from "../base/experiment-ids.ts";
import {
  defaultExperimentStays,
  experimentDeleted,
  noSuchDeletedExperiment,
  noSuchExperiment,
} from "../base/store-errors.ts";
import { makeDirectory } from "../disk/atomic-file.ts";
import { guarded } from "../disk/storage-errors.ts";
import type { LifecycleStage } from "../schema/experiment.ts";
import type { ExperimentFiles } from "./experiment-files.ts";
import { TRASH_DIRECTORY } from "./layout.ts";
import type { RunFiles } from "./run-files.ts";
import { type StoreFiles, skipDamaged } from "./store-files.ts";

/**
 * Deleted experiments lie in a directory of their own, with the same files. Every step can be repeated: a deletion or
 * restoration that was interrupted is finished by asking again.
 */
export class Trash {
  readonly #store: StoreFiles;
  readonly #experiments: ExperimentFiles;
  readonly #runs: RunFiles;

  constructor(store: StoreFiles, experiments: ExperimentFiles, runs: RunFiles) {
    this.#store = store;
    this.#experiments = experiments;
    this.#runs = runs;
  }

  /** Moves an experiment and its runs into the trash. */
  put(experimentId: string): void {
    if (experimentId === DEFAULT_EXPERIMENT_ID) throw defaultExperimentStays();
    const place = this.#find(experimentId);
    const shelf = join(this.#store.directory, TRASH_DIRECTORY);
    if (dirname(place) === shelf) throw experimentDeleted(experimentId);
    this.#setStage(place, "deleted");
    makeDirectory(shelf);
    this.#move(place, shelf);
  }

  /** Brings an experiment and its runs back, those that were deleted before it included, as in MLflow. */
  restore(experimentId: string): void {
    const { directory } = this.#store;
    const place = this.#find(experimentId);
    const isInTrash = dirname(place) !== directory;
    if (!isInTrash && this.#experiments.read(place)?.lifecycleStage !== "deleted") {
      throw noSuchDeletedExperiment(experimentId, directory);
    }
    this.#setStage(isInTrash ? this.#move(place, directory) : place, "active");
  }

  #find(experimentId: string): string {
    const place = this.#store.findExperiment(experimentId);
    if (place === undefined) throw noSuchExperiment(experimentId, this.#store.directory);
    return place;
  }

  #setStage(place: string, stage: LifecycleStage): void {
    const time = Date.now();
    this.#experiments.change(place, { lifecycle_stage: stage, last_update_time: time });
    for (const runId of this.#store.runIds(place)) {
      skipDamaged(() => this.#runs.setLifecycleStage(join(place, runId), stage, time));
    }
  }

  #move(place: string, directory: string): string {
    const target = join(directory, basename(place));
    try {
      guarded("move", place, () => renameSync(place, target));
    } catch (error) {
      const code = systemCodeOf((error as TidemarkError).cause);
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
      throw new TidemarkError("RESOURCE_ALREADY_EXISTS", `there is a ${target} already`, { cause: error });
    }
    return target;
  }
}
