import { TidemarkError } from "../base/errors.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import { allExperiments } from "./experiments-of.ts";
import { LATEST } from "./run-name.ts";

const MOST_NAMED = 10;

/**
 * The run with this id, the only one whose id starts so, or the one that was started last.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` where a prefix fits several
 */
export async function findRun(client: Client, name: string): Promise<RunEntity> {
  if (name === LATEST) return await latestRun(client);
  try {
    return await client.runs.get(name);
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
    return await runWithPrefix(client, name, error);
  }
}

async function latestRun(client: Client): Promise<RunEntity> {
  const experimentIds = (await allExperiments(client, "active")).map(({ id }) => id);
  const page =
    experimentIds.length === 0 ? undefined : await client.runs.search({ experimentIds, maxResults: 1 }).page();
  const run = page?.items[0];
  if (run === undefined) throw new TidemarkError("RESOURCE_DOES_NOT_EXIST", `there are no runs in ${client.uri}`);
  return run;
}

async function runWithPrefix(client: Client, prefix: string, notFound: TidemarkError): Promise<RunEntity> {
  const experimentIds = (await allExperiments(client, "all")).map(({ id }) => id);
  if (experimentIds.length === 0) throw notFound;
  const filter = `run_id LIKE '${prefix}%'`;
  const found: RunEntity[] = [];
  for await (const run of client.runs.search({ experimentIds, filter, viewType: "all" })) {
    // To LIKE an underscore is any character.
    if (run.id.startsWith(prefix)) found.push(run);
  }
  const [only, ...others] = found;
  if (only === undefined) throw notFound;
  if (others.length === 0) return only;
  const named = found.slice(0, MOST_NAMED).map(({ id, name }) => `${id} (${name})`);
  const rest = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : "";
  const message = `${found.length} runs have ids that start with ${prefix}: ${named.join(", ")}${rest}`;
  throw new TidemarkError("INVALID_PARAMETER_VALUE", message);
}
