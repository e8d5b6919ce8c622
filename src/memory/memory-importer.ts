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
  /** The last one in line, by run. */
  readonly #lines = new Map<string, Promise<void>>();

  constructor(stores: MemoryStores) {
    this.#stores = stores;
  }

  async importExperiment(experiment: ImportedExperiment): Promise<string> {
    this.#stores.tracking.importExperiment(experiment);
    return experiment.id;
  }

  async importRun(run: ImportedRun): Promise<string> {
    return this.#stores.tracking.importRun(run);
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
    const own = (this.#lines.get(id) ?? Promise.resolve()).then(work);
    const settled = own.then(
      () => {},
      () => {},
    );
    this.#lines.set(id, settled);
    try {
      return await own;
    } finally {
      if (this.#lines.get(id) === settled) this.#lines.delete(id);
    }
  }
}
