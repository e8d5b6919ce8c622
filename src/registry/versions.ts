import { describe, TidemarkError } from "../base/errors.ts";
import type { ModelVersion } from "../schema/model-version.ts";
import type { Client } from "../tracking/client.ts";
import { type ModelUri, parseModelUri } from "./model-uri.ts";

/** What names a version in a registry, one way or another. */
export type VersionUri = Extract<ModelUri, { name: string }>;

export const isVersionUri = (uri: ModelUri): uri is VersionUri => "name" in uri;

/** A version as a URI, by its number. */
export const uriOfVersion = ({ name, version }: { readonly name: string; readonly version: number }): string =>
  `models:/${name}/${version}`;

/** The logged model that a version says it is: by its id, or by its source, where the backend keeps no id. */
export function modelIdOf({ modelId, source }: ModelVersion): string | undefined {
  if (modelId !== undefined || !/^models:/i.test(source)) return modelId;
  const parsed = parseModelUri(source);
  return parsed.kind === "logged-model" ? parsed.modelId : undefined;
}

/** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`; `INVALID_PARAMETER_VALUE` for an alias that there is not, as in MLflow */
export async function findVersion({ registry }: Client, uri: VersionUri): Promise<ModelVersion> {
  const { name } = uri;
  if (uri.kind === "version") return await registry.getVersion({ name, version: uri.version });
  if (uri.kind === "alias") return await registry.getVersionByAlias({ name, alias: uri.alias });
  if (uri.kind === "latest") return await registry.getVersionByAlias({ name, alias: "latest" });
  const [version] = await registry.latestVersions({ name, stages: [uri.stage] });
  if (version !== undefined) return version;
  const message = `model ${describe(name)} has no version in stage ${uri.stage}`;
  throw new TidemarkError("RESOURCE_DOES_NOT_EXIST", message, { details: { name, stage: uri.stage } });
}

/** The version that a URI of a registry names. @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for any other URI */
export async function versionNamedBy(client: Client, argument: string, uri: string): Promise<ModelVersion> {
  const parsed = parseModelUri(uri);
  if (isVersionUri(parsed)) return await findVersion(client, parsed);
  const message = `${argument}: ${describe(uri)} names no registered version; expected "models:/<name>/<version>" or "models:/<name>@<alias>"`;
  throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { details: { argument } });
}

/** All versions of a model. */
export async function versionsOf({ registry }: Client, name: string): Promise<ModelVersion[]> {
  const versions: ModelVersion[] = [];
  // Nothing escapes a quote in the grammar: one of the two kinds is not in the name, or all versions are looked at.
  const quote = ["'", '"'].find((mark) => !name.includes(mark));
  const query = quote === undefined ? {} : { filter: `name = ${quote}${name}${quote}` };
  for await (const version of registry.searchVersions(query)) if (version.name === name) versions.push(version);
  return versions;
}
