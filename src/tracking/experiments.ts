import { TidemarkError } from "../base/errors.ts";
import type { TrackingStore } from "../contract/tracking-store.ts";
import type { ExperimentRef } from "../schema/run.ts";

const DEFAULT_EXPERIMENT_ID = "0";
const DEFAULT_EXPERIMENT_NAME = "Default";

/**
 * The id of the experiment that is meant, created where there is none of its name.
 *
 * @throws {TidemarkError} `INVALID_STATE` where the name belongs to a deleted experiment, `INVALID_PARAMETER_VALUE` where name and
 *   id are of two
 */
export async function resolveExperiment(store: TrackingStore, { name, id }: ExperimentRef): Promise<string> {
  if (id === undefined) return await findOrCreateExperiment(store, name ?? DEFAULT_EXPERIMENT_NAME);
  // Every store has this one, if only from now on.
  if (id === DEFAULT_EXPERIMENT_ID) await findOrCreateExperiment(store, DEFAULT_EXPERIMENT_NAME);
  const experiment = await store.getExperiment(id);
  if (name !== undefined && experiment.name !== name) {
    const message = `MLFLOW_EXPERIMENT_ID ${id} is the experiment ${JSON.stringify(experiment.name)}, but MLFLOW_EXPERIMENT_NAME is ${JSON.stringify(name)}`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message);
  }
  return experiment.id;
}

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
