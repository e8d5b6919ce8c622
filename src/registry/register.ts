import { z } from "zod";
import { invalidArgument, TidemarkError } from "../base/errors.ts";
import { defaultExperiment } from "../fluent/configure.ts";
import { defaultRegistryClient } from "../fluent/default-registry-client.ts";
import { checkArgument } from "../schema/check.ts";
import { experimentNameSchema } from "../schema/experiment.ts";
import { aliasSchema, createModelSchema, type ModelVersion, modelNameSchema } from "../schema/model-version.ts";
import { Client } from "../tracking/client.ts";
import type { Run } from "../tracking/run.ts";
import { transferOptionsSchema } from "../tracking/run-options.ts";
import { type Clients, clientsShape, openClients } from "./clients.ts";
import { createNextVersion, LONGEST_WAIT_MS, waitUntilReady } from "./new-version.ts";
import { producedModel } from "./run-models.ts";
import { versionSourceOf } from "./version-source.ts";

const { tags, description } = createModelSchema.shape;
const registerSchema = z.strictObject({
  ...clientsShape,
  /** Markdown, of the version. */
  description,
  /** Of the version. */
  tags,
  /** Set to the new version when it is READY. */
  alias: aliasSchema.optional(),
  /** How long to wait until the version is READY, in milliseconds; false: not at all. Default 300,000. */
  await: z.union([z.number().positive(), z.literal(false)]).optional(),
  /** Of a model that has to be uploaded: the experiment's name. Default: the run's, else the configured one, else "Default". */
  experiment: experimentNameSchema.optional(),
  onProgress: transferOptionsSchema.shape.onProgress,
  signal: transferOptionsSchema.shape.signal,
});
/** What {@link register} takes. @interface */
export type RegisterOptions = z.input<typeof registerSchema>;

/**
 * Makes a model the next version of a registered model, which is created where it is missing. Any number of programs may do so at once.
 *
 * What the registry's users can reach is not copied. A local directory, and whatever else only this machine can reach, is uploaded
 * first, as a logged model; where that breaks off no version is made, and the same call again goes on with it.
 * Another version, `models:/other/3`, is copied by reference, with its description and tags.
 *
 * @param model - Any model URI or path, or a run that has produced a logged model: its only or its last one.
 * @returns The new version: with its run and logged model, as far as the URI or the MLmodel names them and the registry's backend knows them.
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where there is no such model; `INVALID_PARAMETER_VALUE`; `DATA_DAMAGED`;
 *   `INVALID_STATE` for a logged model that is not READY; `DEADLINE_EXCEEDED` where the version is there, and not READY in time;
 *   `CANCELLED`; or the backend's error
 * @example
 * ```ts
 * import { connect } from "tidemark";
 * import { memoryBackend } from "tidemark/memory";
 * import { register } from "tidemark/registry";
 * import { mkdir, writeFile } from "node:fs/promises";
 *
 * await mkdir("model", { recursive: true });
 * await writeFile("model/MLmodel", "flavors: {}\n");
 * const client = await connect(memoryBackend());
 * const { version } = await register("model", "digits", { client, alias: "challenger" });
 * console.log(version); // 1
 * ```
 */
export async function register(
  model: string | Run,
  name: string,
  options: RegisterOptions = {},
): Promise<ModelVersion> {
  const checked = checkArgument("options", registerSchema, options);
  checkArgument("name", modelNameSchema, name);
  const { alias, experiment, onProgress, signal } = checked;
  const { clients, uri } = await findModel(model, checked);
  const { registryClient } = clients;
  const source = await versionSourceOf(uri, clients, {
    experiment: experiment === undefined ? undefined : { name: experiment },
    fallbackExperiment: defaultExperiment(),
    name,
    watch: { onProgress, signal },
  });
  const created = await createNextVersion(registryClient, {
    ...source,
    name,
    ...(checked.description === undefined ? {} : { description: checked.description }),
    tags: { ...source.tags, ...checked.tags },
  });
  const timeoutMs = checked.await ?? LONGEST_WAIT_MS;
  const version = timeoutMs === false ? created : await waitUntilReady(registryClient, created, timeoutMs, signal);
  if (alias === undefined) return version;
  await registryClient.registry.setAlias({ name, version: version.version, alias });
  return await registryClient.registry.getVersion({ name, version: version.version });
}

async function findModel(
  model: string | Run,
  options: Pick<RegisterOptions, "client" | "registryClient">,
): Promise<{ readonly clients: Clients; readonly uri: string }> {
  if (typeof model === "string") return { clients: await openClients(options), uri: model };
  if (typeof model !== "object" || model === null || !("logMetric" in model)) {
    throw invalidArgument("model", model, "a model URI, a path or a run");
  }
  const runId = await model.reach();
  if (runId === undefined) {
    throw new TidemarkError("INVALID_STATE", `run ${model.id} is not at its server yet: register its model when it is`);
  }
  const client = options.client ?? new Client(model.home.backend);
  const registryClient =
    options.registryClient ?? options.client ?? (await defaultRegistryClient(() => Promise.resolve(client)));
  const { id } = await producedModel(client, runId);
  return { clients: { client, registryClient }, uri: `models:/${id}` };
}
