import { z } from "zod";
import { describe, TidemarkError } from "../base/errors.ts";
import { localDirectoryOf, openArtifacts } from "../connect/artifact-locations.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import { checkArgument } from "../schema/check.ts";
import type { Client } from "../tracking/client.ts";
import { type Clients, clientsShape, openClients } from "./clients.ts";
import { canonicalLocation, locationBelow } from "./locations.ts";
import { hasMlmodel } from "./mlmodel.ts";
import { type ModelUri, parseModelUri } from "./model-uri.ts";
import { loggedModelNamed, loggedModelOfAny, noModelIn } from "./run-models.ts";
import { findVersion, modelIdOf, type VersionUri } from "./versions.ts";

/** A version's source may be another version, and so on: nobody copies that often. */
const MOST_STEPS = 20;

const resolveSchema = z.strictObject(clientsShape);
/** What {@link resolveModelUri} takes. @interface */
export type ResolveOptions = z.input<typeof resolveSchema>;

/** Where a model is. */
export interface ResolvedModel {
  /** As it was given. */
  readonly uri: string;
  /** The directory with the MLmodel: an absolute path, or the URI of a place that is not on this machine's disk. */
  readonly location: string;
  /** The files of that directory. */
  readonly artifacts: ArtifactStore;
  /** The same directory, where it is on this machine's disk: nothing need be downloaded. */
  readonly localDirectory?: string;
  /** Of the registered model that the URI names. */
  readonly name?: string;
  readonly version?: number;
  /** Of the logged model. */
  readonly modelId?: string;
  /** Of the run that the model comes from. */
  readonly runId?: string;
}

/** A place, before anybody has looked whether a model is there. */
export interface ModelPlace extends Omit<ResolvedModel, "uri" | "artifacts" | "localDirectory"> {
  /** Whose backend put it there. */
  readonly owner: Client;
}

/**
 * Finds out where the model is that a URI names. Nothing is downloaded.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where there is no such run, version or model, or no MLmodel in the place;
 *   `INVALID_PARAMETER_VALUE` for a bad URI or an alias that there is not; `NOT_IMPLEMENTED` for a place that nothing here reads
 * @example
 * ```ts
 * import { resolveModelUri } from "tidemark/registry";
 *
 * try {
 *   const { location, name, version } = await resolveModelUri("models:/digits@champion");
 *   console.log(`${name} ${version} is in ${location}`);
 * } catch (error) {
 *   console.log(error.message);
 * }
 * ```
 */
export async function resolveModelUri(uri: string, options: ResolveOptions = {}): Promise<ResolvedModel> {
  const parsed = parseModelUri(uri);
  const place = await findPlace(parsed, await openClients(checkArgument("options", resolveSchema, options)));
  return await openPlace(uri, place);
}

/** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where no MLmodel is there */
export async function openPlace(uri: string, { owner, ...place }: ModelPlace): Promise<ResolvedModel> {
  const artifacts = await openArtifacts(place.location, owner);
  if (!(await hasMlmodel(artifacts))) {
    const message = `${describe(uri)}: there is no MLmodel in ${artifacts.uri}`;
    throw new TidemarkError("RESOURCE_DOES_NOT_EXIST", message, { details: { uri, location: place.location } });
  }
  const localDirectory = await localDirectoryOf(artifacts);
  return { uri, ...place, artifacts, ...(localDirectory === undefined ? {} : { localDirectory }) };
}

/** Where the model of a URI is, by what backends say. */
export async function findPlace(uri: ModelUri, clients: Clients, steps = 0): Promise<ModelPlace> {
  if (steps > MOST_STEPS) {
    throw new TidemarkError("DATA_DAMAGED", `a version's source leads over more than ${MOST_STEPS} others`);
  }
  const { client, registryClient } = clients;
  switch (uri.kind) {
    case "location":
      return { location: canonicalLocation(uri.location), owner: client };
    case "logged-model": {
      const { model, client: owner } = await loggedModelOfAny([client, registryClient], uri.modelId);
      return { location: canonicalLocation(model.artifactLocation), owner, ...lineage(model.sourceRunId, model.id) };
    }
    case "run":
      return await placeInRun(client, uri.runId, uri.path);
    default:
      return await placeOfVersion(uri, clients, steps);
  }
}

async function placeInRun(client: Client, runId: string, path: string | undefined): Promise<ModelPlace> {
  const run = await client.runs.get(runId);
  const location = locationBelow(run.artifactUri, path);
  if (await hasMlmodel(await openArtifacts(location, client))) {
    return { location: canonicalLocation(location), owner: client, runId: run.id };
  }
  const [name = "", ...rest] = path?.split("/") ?? [];
  const model = await loggedModelNamed(client, run, name);
  if (model === undefined) throw noModelIn(runId, path);
  const below = locationBelow(model.artifactLocation, rest.join("/"));
  return { location: canonicalLocation(below), owner: client, ...lineage(run.id, model.id) };
}

async function placeOfVersion(uri: VersionUri, clients: Clients, steps: number): Promise<ModelPlace> {
  const { client, registryClient } = clients;
  const version = await findVersion(registryClient, uri);
  const { name, source } = version;
  const ref = { name, version: version.version };
  // A store that copies where a run's artifacts are does not look whether it is a logged model that is meant.
  const next = parseModelUri(/^runs:/i.test(source) ? source : await registryClient.registry.downloadUri(ref));
  // Where files are is said by the registry, and it is its backend that reads them, unless it cannot.
  const place =
    next.kind === "location"
      ? { location: canonicalLocation(next.location), owner: await readerOf(next.location, registryClient, client) }
      : await findPlace(next, clients, steps + 1);
  const ids = lineage(version.runId ?? place.runId, modelIdOf(version) ?? place.modelId);
  return { ...place, ...ids, ...ref };
}

async function readerOf(location: string, ...clients: readonly [Client, Client]): Promise<Client> {
  try {
    await openArtifacts(location, clients[0]);
    return clients[0];
  } catch (error) {
    if (error instanceof TidemarkError && error.code === "NOT_IMPLEMENTED") return clients[1];
    throw error;
  }
}

const lineage = (runId: string | undefined, modelId: string | undefined) => ({
  ...(runId === undefined ? {} : { runId }),
  ...(modelId === undefined ? {} : { modelId }),
});
