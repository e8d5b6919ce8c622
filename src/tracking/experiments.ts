import { TidemarkError } from "../base/errors.ts";
import { DEFAULT_EXPERIMENT_ID, DEFAULT_EXPERIMENT_NAME } from "../base/experiment-ids.ts";
import type { SyncTrackingStore, TrackingStore } from "../contract/tracking-store.ts";
import type { Experiment } from "../schema/experiment.ts";
import type { ExperimentRef } from "../schema/run.ts";

/** What is asked of a store to find an experiment, one question after the other. */
type Questions = Generator<unknown, string, unknown>;
type Asked = Pick<TrackingStore | SyncTrackingStore, "createExperiment" | "getExperiment" | "getExperimentByName">;

/**
 * The id of the experiment that is meant, created where there is none of its name. Many processes may ask at once: all get the same id.
 *
 * @throws {TidemarkError} `INVALID_STATE` where the name belongs to a deleted experiment, `INVALID_PARAMETER_VALUE` where name and
 *   id are of two
 */
export async function resolveExperiment(store: TrackingStore, ref: ExperimentRef): Promise<string> {
  const questions = resolving(store, ref);
  let step = questions.next();
  while (step.done !== true) {
    let answer: unknown;
    try {
      answer = await step.value;
    } catch (error) {
      step = questions.throw(error);
      continue;
    }
    step = questions.next(answer);
  }
  return step.value;
}

/** The same without waiting. */
export function resolveExperimentSync(store: SyncTrackingStore, ref: ExperimentRef): string {
  const questions = resolving(store, ref);
  let step = questions.next();
  while (step.done !== true) step = questions.next(step.value);
  return step.value;
}

function* resolving(store: Asked, { name, id }: ExperimentRef): Questions {
  if (id === undefined) return yield* findingOrCreating(store, name ?? DEFAULT_EXPERIMENT_NAME);
  // Every store has this one, if only from now on.
  if (id === DEFAULT_EXPERIMENT_ID) yield* findingOrCreating(store, DEFAULT_EXPERIMENT_NAME);
  const experiment = (yield store.getExperiment(id)) as Experiment;
  if (name !== undefined && experiment.name !== name) {
    const message = `MLFLOW_EXPERIMENT_ID ${id} is the experiment ${JSON.stringify(experiment.name)}, but MLFLOW_EXPERIMENT_NAME is ${JSON.stringify(name)}`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message);
  }
  return experiment.id;
}

function* findingOrCreating(store: Asked, name: string): Questions {
  const found = yield* finding(store, name);
  if (found !== "") return found;
  try {
    return (yield store.createExperiment({ name })) as string;
  } catch (error) {
    const isLost = error instanceof TidemarkError && error.code === "RESOURCE_ALREADY_EXISTS";
    const winner = isLost ? yield* finding(store, name) : "";
    if (winner === "") throw error;
    return winner;
  }
}

/** Empty where there is none. */
function* finding(store: Asked, name: string): Questions {
  const experiment = (yield store.getExperimentByName(name)) as Experiment | undefined;
  if (experiment?.lifecycleStage === "deleted") {
    throw new TidemarkError(
      "INVALID_STATE",
      `experiment ${JSON.stringify(name)} is deleted: restore it or choose another name`,
    );
  }
  return experiment?.id ?? "";
}
