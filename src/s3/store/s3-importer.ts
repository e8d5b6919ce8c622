import type { Batch } from "../../contract/batch.ts";
import type {
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedRun,
  ImportedVersion,
  Importer,
} from "../../contract/importer.ts";
import type { RegisteredModel } from "../../schema/model-version.ts";
import type { Experiments } from "./experiments.ts";
import type { LoggedModels } from "./logged-models.ts";
import type { Runs } from "./runs.ts";
import type { S3RegistryStore } from "./s3-registry-store.ts";

/** What takes over what another store has. */
export interface S3ImporterParts {
  readonly experiments: Experiments;
  readonly runs: Runs;
  readonly loggedModels: LoggedModels;
  readonly registry: S3RegistryStore;
}

/**
 * Takes over what another store has, each as a head that is created once. Values that two bring at once are no matter: rows that are equal are
 * one.
 */
export class S3Importer implements Importer {
  readonly #parts: S3ImporterParts;

  constructor(parts: S3ImporterParts) {
    this.#parts = parts;
  }

  async importExperiment(experiment: ImportedExperiment): Promise<string> {
    return await this.#parts.experiments.import(experiment);
  }

  async importRun(run: ImportedRun, values?: AsyncIterable<Batch>): Promise<string> {
    return await this.#parts.runs.import(run, values);
  }

  async importLoggedModel(model: ImportedLoggedModel): Promise<string> {
    return await this.#parts.loggedModels.import(model);
  }

  async importModel(model: RegisteredModel): Promise<void> {
    await this.#parts.registry.importModel(model);
  }

  async importVersion(version: ImportedVersion): Promise<void> {
    await this.#parts.registry.importVersion(version);
  }
}
