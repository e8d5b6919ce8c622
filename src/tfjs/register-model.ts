import { TidemarkError } from "../base/errors.ts";
import { Client } from "../tracking/client.ts";
import type { Run } from "../tracking/run.ts";

/**
 * Makes a version of a registered model of what a run has logged, where the run is kept; the registered model too where it is missing.
 *
 * @param path - Of the model among the run's artifacts.
 */
export async function registerModel(run: Run, path: string, name: string): Promise<void> {
  const runId = run.backendId;
  if (runId === undefined) throw new Error(`the server is away: register ${name} when it is there`);
  const { registry } = new Client(run.home.backend);
  try {
    await registry.createModel({ name });
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
  }
  await registry.createVersion({ name, source: `${run.artifactUri}/${path}`, runId });
}
