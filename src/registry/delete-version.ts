import { z } from "zod";
import { describe, TidemarkError } from "../base/errors.ts";
import { checkArgument } from "../schema/check.ts";
import { isActiveStage, type ModelVersion, modelNameSchema, versionNumberSchema } from "../schema/model-version.ts";
import type { Client } from "../tracking/client.ts";
import { clientsShape, openClients } from "./clients.ts";
import { parseModelUri } from "./model-uri.ts";
import { versionsOf } from "./versions.ts";

const deletionSchema = z.strictObject({
  ...clientsShape,
  /** Deletes what an alias or an active stage points to. Default false. */
  force: z.boolean().default(false),
});
const deleteVersionSchema = deletionSchema.extend({ name: modelNameSchema, version: versionNumberSchema });
/** What {@link deleteVersion} takes. @interface */
export type DeleteVersionOptions = z.input<typeof deleteVersionSchema>;
/** What {@link deleteModel} takes beside the name. @interface */
export type DeleteModelOptions = z.input<typeof deletionSchema>;

/** What a deletion leaves behind. */
export interface Deletion {
  /** Versions of other models that were copied from it by reference: they have the same files, and go on to work as long as those are there. */
  readonly copies: readonly { readonly name: string; readonly version: number }[];
}

/**
 * Deletes a version, unless an alias or the stages Staging or Production still point to it. Files stay: they belong to the run or the logged
 * model.
 *
 * @throws {TidemarkError} `INVALID_STATE` where something points to it, which the message and `details.pointers` name;
 *   `RESOURCE_DOES_NOT_EXIST`
 * @example
 * ```ts
 * import { deleteVersion } from "tidemark/registry";
 *
 * try {
 *   const { copies } = await deleteVersion({ name: "digits", version: 1 });
 *   console.log(`${copies.length} copies stay`);
 * } catch (error) {
 *   console.log(error.message);
 * }
 * ```
 */
export async function deleteVersion(options: DeleteVersionOptions): Promise<Deletion> {
  const { name, version, force, ...given } = checkArgument("options", deleteVersionSchema, options);
  const { registryClient } = await openClients(given);
  const { registry } = registryClient;
  const found = await registry.getVersion({ name, version });
  if (!force) refusePointers(`version ${version} of model ${describe(name)}`, pointersTo(found));
  const copies = await copiesOf(registryClient, (ref) => ref.name === name && ref.version === version);
  await registry.deleteVersion({ name, version });
  return { copies };
}

/**
 * Deletes a registered model with all its versions, unless an alias, or the stages Staging or Production, still point to one of them.
 *
 * @throws {TidemarkError} `INVALID_STATE` where something points to one, which the message and `details.pointers` name;
 *   `RESOURCE_DOES_NOT_EXIST`
 */
export async function deleteModel(name: string, options: DeleteModelOptions = {}): Promise<Deletion> {
  checkArgument("name", modelNameSchema, name);
  const { force, ...given } = checkArgument("options", deletionSchema, options);
  const { registryClient } = await openClients(given);
  const { registry } = registryClient;
  await registry.getModel(name);
  if (!force) {
    const versions = (await versionsOf(registryClient, name)).sort((a, b) => a.version - b.version);
    refusePointers(
      `model ${describe(name)}`,
      versions.flatMap((version) => pointersTo(version).map((pointer) => `${pointer} (version ${version.version})`)),
    );
  }
  const copies = await copiesOf(registryClient, (ref) => ref.name === name);
  await registry.deleteModel(name);
  return { copies: copies.filter((copy) => copy.name !== name) };
}

const pointersTo = ({ aliases, stage }: ModelVersion): string[] => [
  ...aliases.map((alias) => `alias ${describe(alias)}`),
  ...(isActiveStage(stage) ? [`stage ${stage}`] : []),
];

function refusePointers(what: string, pointers: readonly string[]): void {
  if (pointers.length === 0) return;
  const message = `${what} is in use: ${pointers.join(", ")}; move that first, or delete with \`force: true\``;
  throw new TidemarkError("INVALID_STATE", message, { details: { pointers } });
}

/** Versions whose source is a version that fits. */
async function copiesOf(client: Client, fits: (ref: { name: string; version: number }) => boolean) {
  const copies: { name: string; version: number }[] = [];
  for await (const { name, version, source } of client.registry.searchVersions({
    filter: "source_path LIKE 'models:/%/%'",
  })) {
    if (isCopyOf(source, fits)) copies.push({ name, version });
  }
  return copies.sort((a, b) => (a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1));
}

function isCopyOf(source: string, fits: (ref: { name: string; version: number }) => boolean): boolean {
  try {
    const parsed = parseModelUri(source);
    return parsed.kind === "version" && fits(parsed);
  } catch {
    // Sources that other programs have written may be anything.
    return false;
  }
}
