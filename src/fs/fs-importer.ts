import { join } from "node:path";
import { experimentDeleted, idTaken, modelNameTaken, noSuchExperiment } from "../base/store-errors.ts";
import type { Batch } from "../contract/batch.ts";
import type {
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedRun,
  ImportedVersion,
  Importer,
} from "../contract/importer.ts";
import { makeDirectory } from "../disk/atomic-file.ts";
import type { RegisteredModel } from "../schema/model-version.ts";
import type { ExperimentFiles } from "./experiment-files.ts";
import type { FsLoggedModelStore } from "./fs-logged-model-store.ts";
import type { FsRegistryStore } from "./fs-registry-store.ts";
import { writeImportedRun } from "./imported-run.ts";
import { isImportableId } from "./layout.ts";
import { holdLock, lockName } from "./lock-file.ts";
import type { StoreFiles } from "./store-files.ts";

/** What an importer writes with. */
export interface FsImporterParts {
  readonly store: StoreFiles;
  readonly experiments: ExperimentFiles;
  readonly loggedModels: FsLoggedModelStore;
  readonly registry: FsRegistryStore;
}

/** Takes over what another store has, each in a directory that is renamed into its place when it is whole. */
export class FsImporter implements Importer {
  readonly #parts: FsImporterParts;

  constructor(parts: FsImporterParts) {
    this.#parts = parts;
  }

  async importExperiment(experiment: ImportedExperiment): Promise<string> {
    this.#parts.experiments.import(experiment);
    return experiment.id;
  }

  async importRun(run: ImportedRun, values?: AsyncIterable<Batch>): Promise<string> {
    const { store, experiments } = this.#parts;
    const experiment = experiments.get(run.experimentId);
    if (experiment.lifecycleStage === "deleted") throw experimentDeleted(experiment.id);
    const { containment } = store;
    const experimentDirectory = join(store.directory, experiment.id);
    const isTaken = !isImportableId(run.id) || store.placeOfRun(run.id) !== undefined;
    const place = { containment, experiment, experimentDirectory };
    const artifactUri = isTaken ? undefined : await writeImportedRun(place, run, values);
    if (artifactUri === undefined) throw idTaken("run", run.id, store.uri);
    return artifactUri;
  }

  async importLoggedModel(model: ImportedLoggedModel): Promise<string> {
    return this.#parts.loggedModels.import(model);
  }

  async importModel(model: RegisteredModel): Promise<void> {
    if (!this.#parts.registry.importModel(model)) throw modelNameTaken(model.name);
  }

  async importVersion(version: ImportedVersion): Promise<void> {
    const isNew = await this.#parts.registry.importVersion(version);
    if (!isNew) throw idTaken(`version of ${version.name}`, version.version, this.#parts.store.uri);
  }

  async exclusively<T>(
    { id, experimentId }: Pick<ImportedRun, "id" | "experimentId">,
    work: () => Promise<T>,
  ): Promise<T> {
    const { store } = this.#parts;
    const directory = store.findExperiment(experimentId);
    if (directory === undefined) throw noSuchExperiment(experimentId, store.uri);
    return await holdLock(directory, lockName(id), work);
  }

  /** The lock is beside the experiment's directory, which others move to the trash. */
  async exclusivelyIn<T>(experimentId: string, work: () => Promise<T>): Promise<T> {
    const { directory } = this.#parts.store;
    makeDirectory(directory);
    return await holdLock(directory, lockName(experimentId), work);
  }
}
