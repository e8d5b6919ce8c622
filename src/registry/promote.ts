import { z } from "zod";
import { checkArgument } from "../schema/check.ts";
import { experimentNameSchema } from "../schema/experiment.ts";
import { aliasSchema, type ModelVersion, modelNameSchema } from "../schema/model-version.ts";
import type { Client } from "../tracking/client.ts";
import { transferOptionsSchema } from "../tracking/run-options.ts";
import { type Clients, clientSchema, clientsShape, isSameBackend, openClients } from "./clients.ts";
import { createNextVersion, LONGEST_WAIT_MS, waitUntilReady } from "./new-version.ts";
import { resolveModelUri } from "./resolve-model-uri.ts";
import { uploadFrom } from "./upload-model.ts";
import { copyOfVersion, type VersionSource } from "./version-source.ts";
import { uriOfVersion, versionNamedBy, versionsOf } from "./versions.ts";

/** Of a version that came from another backend: which one it was. */
const ORIGIN_TAG = "tidemark.copyOf";

const promoteSchema = z.strictObject({
  ...clientsShape,
  /** The version: `models:/<name>/<version>`, or with an alias, a stage or `latest`. */
  from: z.string(),
  to: z.strictObject({
    /** Of the registered model, created where it is missing. Default: the same. */
    name: modelNameSchema.optional(),
    alias: aliasSchema,
    /** Of the registry it goes to, with its files. Default: the one it is in. */
    client: clientSchema.optional(),
  }),
  /** The experiment that files belong to at another backend. Default: "Default". */
  experiment: experimentNameSchema.optional(),
  onProgress: transferOptionsSchema.shape.onProgress,
  signal: transferOptionsSchema.shape.signal,
});
/** What {@link promote} takes. @interface */
export type PromoteOptions = z.input<typeof promoteSchema>;

/** What came of a promotion. */
export interface Promotion {
  /** The version the alias points to now. */
  readonly version: ModelVersion;
  /** Whether a version was made for it: false where it is the same one, or was copied before. */
  readonly copied: boolean;
  /** The number of the version the alias pointed to before. Absent where it is new. */
  readonly previous?: number;
}

/**
 * Points an alias to a version. Under another name the version is copied first: by reference in the same registry, with all its files to
 * another backend. Promoting again copies nothing, and goes on where an earlier call broke off.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE`, `CANCELLED`, or a backend's error; the alias has not moved then
 * @example
 * ```ts
 * import { promote } from "tidemark/registry";
 *
 * try {
 *   const { version, previous } = await promote({ from: "models:/digits@challenger", to: { alias: "champion" } });
 *   console.log(`version ${version.version} takes the place of ${previous ?? "none"}`);
 * } catch (error) {
 *   console.log(error.message);
 * }
 * ```
 */
export async function promote(options: PromoteOptions): Promise<Promotion> {
  const { from, to, experiment, onProgress, signal, ...given } = checkArgument("options", promoteSchema, options);
  const clients = await openClients(given);
  const source = await versionNamedBy(clients.registryClient, "from", from);
  const name = to.name ?? source.name;
  const client = to.client ?? clients.registryClient;
  const isSameRegistry = isSameBackend(client, clients.registryClient);
  if (isSameRegistry && name === source.name) return await pointTo(client, source, to.alias, false);

  const origin = isSameRegistry ? undefined : originOf(clients.registryClient, source);
  const isCopy = (version: ModelVersion) =>
    origin === undefined ? version.source === uriOfVersion(source) : version.tags[ORIGIN_TAG] === origin;
  const earlier = (await versionsOf(client, name)).filter(isCopy).sort((a, b) => b.version - a.version)[0];
  if (earlier !== undefined) return await pointTo(client, earlier, to.alias, false);

  const made =
    origin === undefined
      ? await copyOfVersion(client, source)
      : await copyWithFiles(source, clients, origin, async (artifacts) =>
          uploadFrom(
            artifacts,
            { client, name, experiment: experiment === undefined ? {} : { name: experiment } },
            { onProgress, signal },
          ),
        );
  const created = await createNextVersion(client, { ...made, name });
  return await pointTo(client, await waitUntilReady(client, created, LONGEST_WAIT_MS, signal), to.alias, true);
}

/** Numbers are not used again, but whole registries are made again: the time tells those apart. */
const originOf = ({ uri }: Client, version: ModelVersion) =>
  `${uri} ${uriOfVersion(version)} of ${version.creationTime}`;

async function copyWithFiles(
  version: ModelVersion,
  clients: Clients,
  origin: string,
  upload: (artifacts: Parameters<typeof uploadFrom>[0]) => ReturnType<typeof uploadFrom>,
): Promise<VersionSource> {
  const { artifacts } = await resolveModelUri(uriOfVersion(version), clients);
  const model = await upload(artifacts);
  const { description, tags } = version;
  return {
    source: `models:/${model.id}`,
    modelId: model.id,
    ...(description === undefined ? {} : { description }),
    tags: { ...tags, [ORIGIN_TAG]: origin },
  };
}

async function pointTo(client: Client, version: ModelVersion, alias: string, copied: boolean): Promise<Promotion> {
  const { registry } = client;
  const { name } = version;
  const { aliases } = await registry.getModel(name);
  const previous = Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;
  const ref = { name, version: version.version };
  if (previous !== version.version) await registry.setAlias({ ...ref, alias });
  return { version: await registry.getVersion(ref), copied, ...(previous === undefined ? {} : { previous }) };
}
