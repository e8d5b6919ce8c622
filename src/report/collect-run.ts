import { messageOf } from "../base/errors.ts";
import {
  DATASET_CONTEXT_TAG,
  DESCRIPTION_TAG,
  isRecordedTag,
  LOGGED_ARTIFACTS_TAG,
  PARENT_RUN_TAG,
  RUN_NAME_TAG,
} from "../schema/known-tags.ts";
import type { RunEntity } from "../schema/run.ts";
import type { Client } from "../tracking/client.ts";
import { isMarkTag } from "../tracking/rewind/mark-tags.ts";
import { collectImageSeries, collectPictures } from "./collect-images.ts";
import { collectModels } from "./collect-models.ts";
import { collectMatrices, collectTables, type FileReading } from "./collect-tables.ts";
import type { ImageAlbum } from "./image-album.ts";
import { listFiles } from "./list-files.ts";
import type { Omissions } from "./omissions.ts";
import type { CheckedReportOptions } from "./options.ts";
import type { Pair, ReportDataset, ReportFile, ReportRun } from "./payload.ts";

/** Tags that have places of their own, or that only programs read. */
const HIDDEN_TAGS: ReadonlySet<string> = new Set([
  DESCRIPTION_TAG,
  PARENT_RUN_TAG,
  LOGGED_ARTIFACTS_TAG,
  RUN_NAME_TAG,
  "mlflow.loggedImages",
  "mlflow.log-model.history",
]);
const MOST_DATASETS = 100;

/** Where the parts of a report come together. */
export interface Collection {
  readonly client: Client;
  readonly limits: CheckedReportOptions;
  readonly omissions: Omissions;
  readonly album: ImageAlbum;
  readonly experimentNames: ReadonlyMap<string, string>;
  /** Of the images of this run. */
  readonly mostImageBytes: number;
}

/** Everything of a run but its curves. Files that cannot be listed are left out, with a note. */
export async function collectRun(run: RunEntity, collection: Collection): Promise<ReportRun> {
  const { client, omissions, experimentNames } = collection;
  const tags = (isShown: (key: string) => boolean): Pair[] => {
    const shown = Object.entries(run.tags).filter(([key]) => !HIDDEN_TAGS.has(key) && !isMarkTag(key) && isShown(key));
    return omissions.pairs(Object.fromEntries(shown), run.id, "tag");
  };
  const description = run.tags[DESCRIPTION_TAG];
  const parent = run.tags[PARENT_RUN_TAG];
  const reading: FileReading = {
    source: { store: client.backend.artifacts(run.artifactUri), runId: run.id },
    files: [],
    album: collection.album,
    limits: collection.limits,
    omissions,
  };
  return {
    id: run.id,
    name: omissions.cut(run.name),
    status: run.status,
    ...(await lastSignOf(run, client)),
    experiment: omissions.cut(experimentNames.get(run.experimentId) ?? run.experimentId),
    user: omissions.cut(run.userId),
    startTime: run.startTime,
    ...(run.endTime === undefined ? {} : { endTime: run.endTime }),
    ...(parent === undefined ? {} : { parent: omissions.cut(parent) }),
    artifactUri: omissions.cut(run.artifactUri),
    ...(description === undefined ? {} : { description: omissions.text(description, run.id, "description") }),
    params: omissions.pairs(run.params, run.id, "param"),
    tags: tags((key) => !isRecordedTag(key)),
    environment: tags(isRecordedTag),
    datasets: datasetsOf(run, omissions),
    ...(await collectFiles(run, collection, reading)),
  };
}

async function lastSignOf(run: RunEntity, client: Client): Promise<Pick<ReportRun, "lastSign">> {
  if (run.status !== "RUNNING") return {};
  const [sign] = await client.runs.lifeSigns([run]);
  return sign?.isStale === true ? { lastSign: sign.lastSign } : {};
}

type FileParts = Pick<ReportRun, "models" | "imageSeries" | "pictures" | "tables" | "matrices" | "files">;

async function collectFiles(run: RunEntity, collection: Collection, empty: FileReading): Promise<FileParts> {
  const { client, album, omissions, mostImageBytes } = collection;
  const { source } = empty;
  const files = await listed(empty);
  const reading = { ...empty, files };
  const before = album.leftBytes;
  // Tables first: their images are small, and a table without them says little.
  const tables = await collectTables(reading, run.tags[LOGGED_ARTIFACTS_TAG]);
  const most = Math.max(0, mostImageBytes - (before - album.leftBytes));
  return {
    tables,
    matrices: await collectMatrices(reading),
    imageSeries: await collectImageSeries(source, files, album, most, omissions),
    pictures: await collectPictures(source, files, album, omissions),
    models: await collectModels(client, run, reading),
    files: files.map(({ path, sizeBytes }) => ({ path: omissions.cut(path), sizeBytes })),
  };
}

async function listed({ source, omissions }: FileReading): Promise<ReportFile[]> {
  try {
    return await listFiles(source.store, source.runId, omissions);
  } catch (error) {
    // They may be where this machine cannot look.
    omissions.add({ what: "file", runId: source.runId, name: source.store.uri, why: messageOf(error) });
    return [];
  }
}

function datasetsOf(run: RunEntity, omissions: Omissions): ReportDataset[] {
  return run.inputs.slice(0, MOST_DATASETS).map(({ dataset, tags }) => ({
    name: omissions.cut(dataset.name),
    context: omissions.cut(tags[DATASET_CONTEXT_TAG] ?? ""),
    digest: omissions.cut(dataset.digest),
    sourceType: omissions.cut(dataset.sourceType),
    source: omissions.cut(dataset.source),
    profile: omissions.cut(dataset.profile ?? ""),
  }));
}
