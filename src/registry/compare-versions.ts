import { z } from "zod";
import { TidemarkError } from "../base/errors.ts";
import { checkArgument } from "../schema/check.ts";
import type { ModelVersion } from "../schema/model-version.ts";
import { type Changes, changesBetween, isUnchanged } from "./changes.ts";
import { type Clients, clientsShape, openClients } from "./clients.ts";
import { type MlmodelFacts, readMlmodel } from "./mlmodel.ts";
import { resolveModelUri } from "./resolve-model-uri.ts";
import { findLoggedModel, unlessMissing } from "./run-models.ts";
import { signatureFields } from "./signature-fields.ts";
import { modelIdOf, uriOfVersion, versionNamedBy } from "./versions.ts";

const compareSchema = z.strictObject(clientsShape);
/** What {@link compareVersions} takes. @interface */
export type CompareOptions = z.input<typeof compareSchema>;

/** What differs between two versions; what is equal is not mentioned. */
export interface VersionComparison {
  /** `models:/<name>/<version>`, whatever URI was given. */
  readonly from: string;
  readonly to: string;
  /** True where nothing below says anything. */
  readonly isSame: boolean;
  /** What the model takes and gives, by the names of its inputs, outputs and params; unnamed ones by their position. */
  readonly signature: {
    readonly inputs: Changes<unknown>;
    readonly outputs: Changes<unknown>;
    readonly params: Changes<unknown>;
  };
  /** The forms the model has, with what its MLmodel says of them. */
  readonly flavors: Changes<unknown>;
  /** Of the run and the logged model; where both have a value, the logged model's. */
  readonly params: Changes<string>;
  /** Of the run and the logged model, the latest values; one that was measured on a dataset has its name in brackets. */
  readonly metrics: Changes<number>;
  /** Of the versions. */
  readonly tags: Changes<string>;
  /** Of the versions; absent where it is the same. */
  readonly description?: { readonly from?: string; readonly to?: string };
}

/** All that is compared of one version. */
interface VersionFacts {
  readonly version: ModelVersion;
  readonly mlmodel: MlmodelFacts;
  readonly params: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Says in what two registered versions differ. Runs, logged models and files that are not there any more, or that nothing here can read, count as
 * empty.
 *
 * @param from - `models:/<name>/<version>`, or with an alias, a stage or `latest`.
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `INVALID_PARAMETER_VALUE`, `DATA_DAMAGED`, or the backend's error
 * @example
 * ```ts
 * import { compareVersions } from "tidemark/registry";
 *
 * try {
 *   const { metrics } = await compareVersions("models:/digits@champion", "models:/digits@challenger");
 *   console.table(metrics.changed);
 * } catch (error) {
 *   console.log(error.message);
 * }
 * ```
 */
export async function compareVersions(
  from: string,
  to: string,
  options: CompareOptions = {},
): Promise<VersionComparison> {
  const clients = await openClients(checkArgument("options", compareSchema, options));
  const [a, b] = await Promise.all([factsOf("from", from, clients), factsOf("to", to, clients)]);
  const fields = (part: "inputs" | "outputs" | "params") =>
    changesBetween(signatureFields(a.mlmodel.signature[part]), signatureFields(b.mlmodel.signature[part]));
  const signature = { inputs: fields("inputs"), outputs: fields("outputs"), params: fields("params") };
  const rest = {
    flavors: changesBetween(a.mlmodel.flavors, b.mlmodel.flavors),
    params: changesBetween(a.params, b.params),
    metrics: changesBetween(a.metrics, b.metrics),
    tags: changesBetween(a.version.tags, b.version.tags),
  };
  const description = descriptionChange(a.version.description, b.version.description);
  return {
    from: uriOfVersion(a.version),
    to: uriOfVersion(b.version),
    isSame: [...Object.values(signature), ...Object.values(rest)].every(isUnchanged) && description === undefined,
    signature,
    ...rest,
    ...(description === undefined ? {} : { description }),
  };
}

async function factsOf(argument: string, uri: string, clients: Clients): Promise<VersionFacts> {
  const version = await versionNamedBy(clients.registryClient, argument, uri);
  const { client } = clients;
  const modelId = modelIdOf(version);
  const [mlmodel, run, model] = await Promise.all([
    mlmodelOf(version, clients),
    version.runId === undefined ? undefined : unlessMissing(client.runs.get(version.runId)),
    modelId === undefined ? undefined : findLoggedModel(client, modelId),
  ]);
  const measured = (model?.metrics ?? []).map(({ key, value, datasetName }): [string, number] => [
    datasetName === undefined ? key : `${key} (${datasetName})`,
    value,
  ]);
  return {
    version,
    mlmodel,
    params: { ...run?.params, ...model?.params },
    metrics: { ...run?.metrics, ...Object.fromEntries(measured) },
  };
}

async function mlmodelOf(version: ModelVersion, clients: Clients): Promise<MlmodelFacts> {
  try {
    return await readMlmodel((await resolveModelUri(uriOfVersion(version), clients)).artifacts);
  } catch (error) {
    const isOutOfReach =
      error instanceof TidemarkError && ["RESOURCE_DOES_NOT_EXIST", "NOT_IMPLEMENTED"].includes(error.code);
    if (!isOutOfReach) throw error;
    return { flavors: {}, signature: {} };
  }
}

function descriptionChange(from: string | undefined, to: string | undefined): VersionComparison["description"] {
  if (from === to) return undefined;
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}
