import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, messageOf, TidemarkError } from "../base/errors.ts";
import { temporaryPlace } from "../base/user-places.ts";
import { openArtifacts } from "../connect/artifact-locations.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { LoggedModel } from "../schema/model.ts";
import type { ExperimentRef } from "../schema/run.ts";
import { localFiles, type TransferWatch, uploadDirectory } from "../tracking/artifact-transfers.ts";
import type { Client } from "../tracking/client.ts";
import { resolveExperiment } from "../tracking/experiments.ts";
import { listFiles } from "../tracking/stored-files.ts";
import { downloadWhole } from "./download-whole.ts";

/** Of a logged model: which files it is to have. By it a repeat finds what an interrupted upload has left. */
const UPLOAD_TAG = "tidemark.upload";

/** Where a model goes, and as what. */
export interface UploadTarget {
  readonly client: Client;
  readonly experiment: ExperimentRef;
  readonly name: string;
  /** The run it comes from, where the backend knows it. */
  readonly sourceRunId?: string | undefined;
}

/**
 * Brings a local directory to a backend, as a logged model. One that an earlier call has begun with the same files is finished, and one that
 * is finished is taken as it is.
 *
 * @throws {TidemarkError} `CANCELLED`, or the backend's error; the logged model is not READY then
 */
export async function uploadModel(directory: string, target: UploadTarget, watch: TransferWatch): Promise<LoggedModel> {
  const { client } = target;
  const digest = await digestOf(directory);
  const experimentId = await resolveExperiment(client.backend.tracking, target.experiment);
  const model = (await findUpload(client, experimentId, digest)) ?? (await createModel(target, experimentId, digest));
  if (model.status === "READY") return model;
  try {
    const store = await openArtifacts(model.artifactLocation, client);
    const there = new Map((await listFiles(store)).map(({ path, sizeBytes }) => [path, sizeBytes]));
    // Files come whole or not at all, and the tag says that they are the same.
    await uploadDirectory(store, directory, undefined, watch, ({ path, sizeBytes }) => there.get(path) === sizeBytes);
    return await client.loggedModels.finalize({ modelId: model.id, status: "READY" });
  } catch (error) {
    await markFailed(client, model.id);
    throw error;
  }
}

/** The same for files that are not in a local directory, or in one that somebody else has filled. */
export async function uploadFrom(
  source: ArtifactStore,
  target: UploadTarget,
  watch: TransferWatch,
): Promise<LoggedModel> {
  const stage = await mkdtemp(join(temporaryPlace(), "tidemark-model-"));
  try {
    // Progress is of what is uploaded: of two halves nobody could say how far they are.
    await downloadWhole(source, stage, { signal: watch.signal });
    return await uploadModel(stage, target, watch);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

/** Of all files, their names and contents. */
async function digestOf(directory: string): Promise<string> {
  const files = await localFiles(directory);
  const facts: unknown[] = [];
  for (const { path, localFile, sizeBytes } of files) facts.push([path, sizeBytes, await sha256Of(localFile)]);
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Uint8Array);
  } catch (error) {
    throw new TidemarkError("STORAGE_ERROR", `cannot read ${describe(file)}: ${messageOf(error)}`, { cause: error });
  }
  return hash.digest("hex");
}

/** A finished one before one that is not. */
async function findUpload(client: Client, experimentId: string, digest: string): Promise<LoggedModel | undefined> {
  const models: LoggedModel[] = [];
  const query = { experimentIds: [experimentId], filter: `tags.\`${UPLOAD_TAG}\` = '${digest}'` };
  for await (const model of client.loggedModels.search(query)) models.push(model);
  return models.find(({ status }) => status === "READY") ?? models[0];
}

async function createModel(target: UploadTarget, experimentId: string, digest: string): Promise<LoggedModel> {
  const { client, name, sourceRunId } = target;
  return await client.loggedModels.create({
    experimentId,
    name: name.replaceAll(/[/:.%"']/g, "-"),
    tags: { [UPLOAD_TAG]: digest },
    ...(sourceRunId === undefined ? {} : { sourceRunId }),
  });
}

/** Unless another caller has finished it meanwhile. What went wrong first is what is told. */
async function markFailed({ loggedModels }: Client, modelId: string): Promise<void> {
  try {
    const { status } = await loggedModels.get(modelId);
    if (status === "PENDING") await loggedModels.finalize({ modelId, status: "FAILED" });
  } catch {
    // It stays PENDING, and says as little as FAILED that it can be used.
  }
}
