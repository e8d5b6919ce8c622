import { TidemarkError } from "../base/errors.ts";
import type { Client } from "../tracking/client.ts";

/** Makes a version of a registered model of what a run has logged, and the registered model where it is missing. */
export async function registerModel(
  { registry }: Client,
  version: { readonly name: string; readonly source: string; readonly runId: string },
): Promise<void> {
  try {
    await registry.createModel({ name: version.name });
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
  }
  await registry.createVersion(version);
}
