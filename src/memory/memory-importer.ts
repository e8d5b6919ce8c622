import { inLine, type Lines } from "../base/in-line.ts";
import type { Batch } from "../contract/batch.ts";
import type {
  ImportedExperiment,
  ImportedLoggedModel,
  ImportedRun,
  ImportedVersion,
  Importer,
} from "../contract/importer.ts";
import type { RegisteredModel } from "../schema/model-version.ts";
import type { MemoryLoggedModelStore } from "./memory-logged-model-store.ts";
import type { MemoryRegistryStore } from "./memory-registry-store.ts";
import type { MemoryTrackingStore } from "./memory-tracking-store.ts";

/** The stores that take over what another has. */
export interface MemoryStores {
  readonly tracking: MemoryTrackingStore;
  readonly loggedModels: MemoryLoggedModelStore;
  readonly registry: MemoryRegistryStore;
}

/** Takes over what another store has. */
export class MemoryImporter implements Importer {
  readonly #stores: MemoryStores;
  /** By run. */
  readonly #lines: Lines = new Map();

  constructor(stores: MemoryStores) {
    this.#stores = stores;
  }

  async importExperiment(experiment: ImportedExperiment): Promise<string> {
    this.#stores.tracking.importExperiment(experiment);
    return experiment.id;
  }

  async importRun(run: ImportedRun, values?: AsyncIterable<Batch>): Promise<string> {
    return await this.#stores.tracking.importRun(run, values);
  }

  async importLoggedModel(model: ImportedLoggedModel): Promise<string> {
    return this.#stores.loggedModels.import(model);
  }

  async importModel(model: RegisteredModel): Promise<void> {
    this.#stores.registry.importModel(model);
  }

  async importVersion(version: ImportedVersion): Promise<void> {
    this.#stores.registry.importVersion(version);
  }

  async exclusively<T>({ id }: Pick<ImportedRun, "id">, work: () => Promise<T>): Promise<T> {
    return await inLine(this.#lines, id, work);
  }
}
