import { TidemarkError } from "../base/errors.ts";
import type { Experiment } from "../schema/experiment.ts";
import { experimentIdSchema } from "../schema/experiment.ts";
import type { Client } from "../tracking/client.ts";

/**
 * The experiments that a person names, by name or else by id.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`
 */
export async function findExperiments(client: Client, namesOrIds: readonly string[]): Promise<Experiment[]> {
  const found: Experiment[] = [];
  for (const nameOrId of namesOrIds) found.push(await findExperiment(client, nameOrId));
  return found;
}

async function findExperiment(client: Client, nameOrId: string): Promise<Experiment> {
  const named = await client.experiments.getByName(nameOrId);
  if (named !== undefined) return named;
  if (experimentIdSchema.safeParse(nameOrId).success) {
    try {
      return await client.experiments.get(nameOrId);
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
    }
  }
  const message = `there is no experiment with the name or id ${JSON.stringify(nameOrId)} in ${client.uri}`;
  throw new TidemarkError("RESOURCE_DOES_NOT_EXIST", message);
}

/** All experiments, active ones first named. */
export async function allExperiments(client: Client, viewType: "active" | "all"): Promise<Experiment[]> {
  const found: Experiment[] = [];
  for await (const experiment of client.experiments.search({ viewType })) found.push(experiment);
  return found;
}
