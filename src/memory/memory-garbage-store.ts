import type { Garbage, GarbageAge, GarbageStore } from "../contract/garbage-store.ts";
import type { MemoryTrackingStore } from "./memory-tracking-store.ts";

/** Deletes what was deleted. Logged models go at once when they are deleted; nothing is ever left half made. */
export class MemoryGarbageStore implements GarbageStore {
  readonly #tracking: MemoryTrackingStore;
  readonly #files: Map<string, Uint8Array>;

  /** @param files - The artifacts of all runs and models, by URI. */
  constructor(tracking: MemoryTrackingStore, files: Map<string, Uint8Array>) {
    this.#tracking = tracking;
    this.#files = files;
  }

  async list({ deletedBefore }: GarbageAge): Promise<readonly Garbage[]> {
    const runs = [...this.#tracking.runs.values()].flatMap(({ head, deletedTime: since }): Garbage[] => {
      if (since === undefined || since >= deletedBefore) return [];
      const { id, name, experimentId, artifactUri } = head;
      return [{ kind: "run", id, name, experimentId, since, place: artifactUri }];
    });
    const experiments = [...this.#tracking.experiments.values()].flatMap((experiment): Garbage[] => {
      const { id, name, lifecycleStage, lastUpdateTime: since = 0, artifactLocation: place } = experiment;
      if (lifecycleStage === "active" || since >= deletedBefore) return [];
      return [{ kind: "experiment", id, name, experimentId: id, since, place }, ...this.#modelsOf(id, since)];
    });
    return [...runs, ...experiments];
  }

  async purge({ kind, id, since, experimentId = "" }: Garbage): Promise<boolean> {
    const { experiments, runs, loggedModels } = this.#tracking;
    const experiment = experiments.get(experimentId);
    const isGone = experiment?.lifecycleStage === "deleted" && experiment.lastUpdateTime === since;
    if (kind === "run") {
      const run = runs.get(id);
      if (run === undefined || run.deletedTime !== since) return false;
      this.#removeBelow(run.head.artifactUri);
      return runs.delete(id);
    }
    if (kind === "logged-model") {
      if (!isGone || !loggedModels.has(id)) return false;
      this.#removeBelow((await loggedModels.get(id)).artifactLocation);
      await loggedModels.delete(id);
      return true;
    }
    const holdsRun = [...runs.values()].some(({ head }) => head.experimentId === id);
    if (!isGone || holdsRun || loggedModels.of(id).length > 0) return false;
    return experiments.delete(id);
  }

  #modelsOf(experimentId: string, since: number): Garbage[] {
    return this.#tracking.loggedModels.of(experimentId).map(({ id, name, artifactLocation, sourceRunId }) => ({
      kind: "logged-model",
      id,
      name,
      experimentId,
      since,
      place: artifactLocation,
      ...(sourceRunId === undefined ? {} : { refersTo: [sourceRunId] }),
    }));
  }

  #removeBelow(uri: string): void {
    for (const file of [...this.#files.keys()]) if (file.startsWith(`${uri}/`)) this.#files.delete(file);
  }
}
