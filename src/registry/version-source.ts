import { TidemarkError } from "../base/errors.ts";
import type { LoggedModel } from "../schema/model.ts";
import { modelIdSchema } from "../schema/model-link.ts";
import type { ModelVersion } from "../schema/model-version.ts";
import { type ExperimentRef, type RunEntity, runIdSchema } from "../schema/run.ts";
import type { TransferWatch } from "../tracking/artifact-transfers.ts";
import type { Client } from "../tracking/client.ts";
import type { Clients } from "./clients.ts";
import { isConfined, isWithin } from "./locations.ts";
import { readMlmodel } from "./mlmodel.ts";
import { parseModelUri } from "./model-uri.ts";
import { findPlace, type ModelPlace, openPlace, type ResolvedModel } from "./resolve-model-uri.ts";
import { findLoggedModel, isUnfinished, unlessMissing } from "./run-models.ts";
import { uploadFrom, uploadModel } from "./upload-model.ts";
import { findVersion, isVersionUri, uriOfVersion } from "./versions.ts";

/** What a version is made of. */
export interface VersionSource {
  readonly source: string;
  readonly runId?: string;
  readonly modelId?: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** How files are brought to where the registry is. */
export interface UploadPlan {
  readonly experiment: ExperimentRef | undefined;
  readonly fallbackExperiment: ExperimentRef;
  readonly name: string;
  readonly watch: TransferWatch;
}

/** What a version of the model at a URI is made of. What the registry's users could not reach is brought there first. */
export async function versionSourceOf(uri: string, clients: Clients, plan: UploadPlan): Promise<VersionSource> {
  const parsed = parseModelUri(uri);
  if (isVersionUri(parsed))
    return await copyOfVersion(clients.registryClient, await findVersion(clients.registryClient, parsed));
  const place = await findPlace(parsed, clients);
  const model = await openReadable(uri, place);
  if (model === undefined) return { source: place.location };
  const isUsers = parsed.kind === "location";
  return await sourceAt(model, clients.registryClient, plan, { isUsers });
}

/** A version that is another by reference, as MLflow's `copy_model_version` makes it. */
export async function copyOfVersion(client: Client, version: ModelVersion): Promise<VersionSource> {
  const { runId, modelId, description, tags } = version;
  // Ids of what is deleted are not taken by a backend; it keeps where the files are all the same.
  const [run, model] = await Promise.all([findRun(client, runId), findModel(client, modelId)]);
  return {
    source: uriOfVersion(version),
    ...(run === undefined ? {} : { runId: run.id }),
    ...(model === undefined ? {} : { modelId: model.id }),
    ...(description === undefined ? {} : { description }),
    tags,
  };
}

/** `undefined` for a place that nothing here can read: others may. */
async function openReadable(uri: string, place: ModelPlace): Promise<ResolvedModel | undefined> {
  try {
    return await openPlace(uri, place);
  } catch (error) {
    const isUnknown = error instanceof TidemarkError && error.code === "NOT_IMPLEMENTED";
    if (isUnknown && !isConfined(place.location, place.owner)) return undefined;
    throw error;
  }
}

/** What a version of an open model is made of, at the backend of a client. */
export async function sourceAt(
  model: ResolvedModel,
  client: Client,
  { experiment, fallbackExperiment, name, watch }: UploadPlan,
  { isUsers }: { readonly isUsers: boolean },
): Promise<VersionSource> {
  const facts = await readMlmodel(model.artifacts);
  const [run, loggedModel] = await Promise.all([
    findRun(client, model.runId ?? facts.runId),
    findModel(client, model.modelId ?? facts.modelId),
  ]);
  const { location } = model;
  const inModel = loggedModel !== undefined && isWithin(location, loggedModel.artifactLocation);
  const inRun = run !== undefined && isWithin(location, run.artifactUri);
  const runId = run?.id ?? loggedModel?.sourceRunId;
  const ids = {
    ...(runId === undefined ? {} : { runId }),
    ...(loggedModel !== undefined && (inModel || !isConfined(location, client)) ? { modelId: loggedModel.id } : {}),
  };
  if (inModel && loggedModel !== undefined) {
    checkFinished(loggedModel);
    const isWhole = isWithin(loggedModel.artifactLocation, location);
    return { source: isWhole ? `models:/${loggedModel.id}` : location, ...ids };
  }
  if (inRun || !isConfined(location, client)) return { source: location, ...ids };
  const target = {
    client,
    name,
    experiment: experiment ?? (run === undefined ? fallbackExperiment : { id: run.experimentId }),
    sourceRunId: run?.id,
  };
  const uploaded =
    isUsers && model.localDirectory !== undefined
      ? await uploadModel(model.localDirectory, target, watch)
      : await uploadFrom(model.artifacts, target, watch);
  return { source: `models:/${uploaded.id}`, modelId: uploaded.id, ...(run === undefined ? {} : { runId: run.id }) };
}

function checkFinished(model: LoggedModel): void {
  if (!isUnfinished(model)) return;
  const { id, status } = model;
  const what = status === "PENDING" ? "is not logged to its end" : "could not be logged to its end";
  throw new TidemarkError("INVALID_STATE", `logged model ${id} ${what} (${status}): log it again`, {
    details: { modelId: id, status },
  });
}

/** `undefined` where there is none here, or the text is no id. */
async function findRun(client: Client, runId: string | undefined): Promise<RunEntity | undefined> {
  return runIdSchema.safeParse(runId).success ? await unlessMissing(client.runs.get(runId as string)) : undefined;
}

async function findModel(client: Client, modelId: string | undefined) {
  return modelIdSchema.safeParse(modelId).success ? await findLoggedModel(client, modelId as string) : undefined;
}
