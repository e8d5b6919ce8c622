import { TidemarkError } from "../base/errors.ts";
import type { TrackingStore } from "../contract/tracking-store.ts";

/**
 * The id of the experiment with this name, created where there is none. Many processes may ask at once: all get the same id.
 *
 * @throws {TidemarkError} `INVALID_STATE` where the name belongs to a deleted experiment
 */
export async function findOrCreateExperiment(store: TrackingStore, name: string): Promise<string> {
  const found = await findExperiment(store, name);
  if (found !== undefined) return found;
  try {
    return await store.createExperiment({ name });
  } catch (error) {
    const isLost = error instanceof TidemarkError && error.code === "RESOURCE_ALREADY_EXISTS";
    const winner = isLost ? await findExperiment(store, name) : undefined;
    if (winner === undefined) throw error;
    return winner;
  }
}

async function findExperiment(store: TrackingStore, name: string): Promise<string | undefined> {
  const experiment = await store.getExperimentByName(name);
  if (experiment?.lifecycleStage === "deleted") {
    throw new TidemarkError(
      "INVALID_STATE",
      `experiment ${JSON.stringify(name)} is deleted: restore it or choose another name`,
    );
  }
  return experiment?.id;
}
