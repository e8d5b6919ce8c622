import { setTimeout as sleep } from "node:timers/promises";
import { TidemarkError } from "../base/errors.ts";
import { refuseIfAborted } from "../base/store-errors.ts";
import { MODEL_VERSIONS_TAG } from "../schema/known-tags.ts";
import type { CreateVersion, ModelVersion } from "../schema/model-version.ts";
import type { Client } from "../tracking/client.ts";
import { unlessMissing } from "./run-models.ts";
import { uriOfVersion } from "./versions.ts";

/** In which MLflow's UI finds the versions of a logged model: a JSON list of names and numbers. */

/** For a version to become READY: as long as MLflow waits. */
export const LONGEST_WAIT_MS = 300_000;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Makes the registered model unless it is there; somebody else may do so at the same time. */
export async function ensureModel({ registry }: Client, name: string): Promise<void> {
  try {
    await registry.createModel({ name });
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
  }
}

/** Makes the next version of a model, and the model where it is missing. */
export async function createNextVersion(client: Client, input: CreateVersion): Promise<ModelVersion> {
  await ensureModel(client, input.name);
  const version = await client.registry.createVersion(input);
  if (input.modelId !== undefined) await noteVersion(client, input.modelId, version);
  return version;
}

/** A server does this by itself; elsewhere it is the client's to do, as Python's is. */
async function noteVersion(client: Client, modelId: string, { name, version }: ModelVersion): Promise<void> {
  const model = await unlessMissing(client.loggedModels.get(modelId));
  if (model === undefined) return;
  const known = versionsIn(model.tags[MODEL_VERSIONS_TAG]);
  const isThere = known.some((other) => other.name === name && String(other.version) === String(version));
  if (isThere) return;
  const value = JSON.stringify([...known, { name, version }]);
  await unlessMissing(client.loggedModels.setTags({ modelId, tags: { [MODEL_VERSIONS_TAG]: value } }));
}

function versionsIn(text: string | undefined): readonly { readonly name?: unknown; readonly version?: unknown }[] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(value) ? value.filter((item) => typeof item === "object" && item !== null) : [];
  } catch {
    return [];
  }
}

/**
 * Waits until a version can be used.
 *
 * @throws {TidemarkError} `DEADLINE_EXCEEDED`, `CANCELLED`; `INVALID_STATE` where the registration has failed
 */
export async function waitUntilReady(
  { registry }: Client,
  version: ModelVersion,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<ModelVersion> {
  const { name } = version;
  const deadline = Date.now() + timeoutMs;
  let current = version;
  for (let pauseMs = FIRST_PAUSE_MS; current.status !== "READY"; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const details = { name, version: version.version };
    if (current.status === "FAILED_REGISTRATION") {
      throw new TidemarkError("INVALID_STATE", `the registration of ${uriOfVersion(version)} has failed`, { details });
    }
    const leftMs = deadline - Date.now();
    if (leftMs <= 0) {
      const message = `${uriOfVersion(version)} is not READY after ${timeoutMs} ms`;
      throw new TidemarkError("DEADLINE_EXCEEDED", message, { details });
    }
    await sleep(Math.min(pauseMs, leftMs), undefined, signal === undefined ? {} : { signal }).catch(() => {});
    refuseIfAborted(signal);
    current = await registry.getVersion({ name, version: version.version });
  }
  return current;
}
