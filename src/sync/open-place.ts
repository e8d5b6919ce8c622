import { realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { redact } from "../base/diagnostics.ts";
import { describe, TidemarkError } from "../base/errors.ts";
import { localPathOf, schemeOf } from "../base/file-uri.ts";
import { isBelow } from "../base/local-paths.ts";
import { localDirectoryOf, openArtifacts } from "../connect/artifact-locations.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import { isWithin } from "../registry/locations.ts";
import type { Client } from "../tracking/client.ts";
import type { SyncContext } from "./sync-context.ts";

/**
 * Opens the files at a location that the source names. That text may come from anybody, and would be read with the keys of who syncs: so it has
 * to be in the source itself, or where the caller allows it.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export async function openSourcePlace(context: SyncContext, uri: string): Promise<ArtifactStore> {
  const client = context.from;
  const isAllowed = context.artifactDirectories.some((root) => !isLocal(root) && isWithin(uri, root));
  if (!isLocal(uri) && !isAllowed && !isOfStore(uri, client.uri)) throw outside(uri);
  return await openPlace(context, client, uri);
}

/** The same for the target, which is trusted with all that is copied: where it keeps files, other than on this machine, is for it to say. */
export async function openTargetPlace(context: SyncContext, uri: string): Promise<ArtifactStore> {
  return await openPlace(context, context.to, uri);
}

const isLocal = (place: string): boolean => (schemeOf(place) ?? "file") === "file";

/** Whether a location is in a store itself, or is handed out by the very server. */
function isOfStore(location: string, store: string): boolean {
  const [scheme, own] = [schemeOf(location), schemeOf(store)];
  if (own === "http" || own === "https") {
    const [, host] = /^mlflow-artifacts:(?:\/\/([^/]*))?/.exec(location) ?? [];
    if (scheme === "mlflow-artifacts") return host === undefined || host === "" || host === new URL(store).host;
    return isWithin(location, store);
  }
  // Other backends open what is of their scheme by themselves, and know where that is.
  return own === "s3" ? isWithin(location, store) : own === scheme;
}

/** A directory of this machine has to be one of the store itself, or one that is allowed; and so has to be where it leads, if it is a link. */
async function openPlace(context: SyncContext, client: Client, uri: string): Promise<ArtifactStore> {
  const own = isLocal(client.uri) ? [resolve(localPathOf(client.uri))] : [];
  const allowed = context.artifactDirectories.filter(isLocal).map((place) => resolve(localPathOf(place)));
  const roots = await Promise.all([...own, ...allowed].map(realPlaceOf));
  const check = async (path: string) => {
    const real = await realPlaceOf(path);
    if (!roots.some((root) => real === root || isBelow(root, real))) throw outside(uri);
  };
  if (isLocal(uri)) await check(resolve(localPathOf(uri)));
  const store = await openArtifacts(uri, client);
  // What was deleted lies elsewhere than its location says.
  const directory = await localDirectoryOf(store);
  if (directory !== undefined) await check(directory);
  return store;
}

const outside = (uri: string): TidemarkError =>
  new TidemarkError(
    "INVALID_PARAMETER_VALUE",
    `${describe(redact(uri))} is outside of the store; \`artifactDirectories\` allows it`,
  );

/** All links followed, as far as something is there. */
async function realPlaceOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPlaceOf(parent), basename(path));
  }
}
