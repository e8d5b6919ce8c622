import { z } from "zod";
import { modelNameTaken } from "../../base/store-errors.ts";
import { type ModelVersion, type RegisteredModel, STAGES, type Stage } from "../../schema/model-version.ts";
import { type Content, type HeadKind, headFields } from "./heads.ts";
import { modelNameKey } from "./layout.ts";
import type { NameRules } from "./names.ts";
import { newNonce } from "./store-objects.ts";
import { textRecord } from "./text-record.ts";

const stageEntry = z.object({
  version: z.int().positive(),
  stage: z.enum(STAGES),
  /** Milliseconds since 1970. */
  time: z.int().nonnegative(),
});

export const modelHeadSchema = z.object({
  ...headFields,
  id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  /** Milliseconds since 1970. */
  creationTime: z.int().nonnegative(),
  /** Milliseconds since 1970. */
  lastUpdateTime: z.int().nonnegative(),
  tags: textRecord,
  // Pairs, so that any text is an alias like any other.
  aliases: z.array(z.tuple([z.string(), z.int().positive()])),
  /** Of versions that were moved. All stages are in one place, so that one write moves several. */
  stages: z.array(stageEntry),
  /** Numbers that are not used again. */
  deletedVersions: z.array(z.int().positive()),
  isGone: z.literal(true).optional(),
});
export type ModelHead = z.infer<typeof modelHeadSchema>;
export type ModelContent = Content<ModelHead>;

export const versionHeadSchema = z.object({
  ...headFields,
  /** Of model and number. */
  id: z.string(),
  modelId: z.string(),
  version: z.int().positive(),
  source: z.string(),
  /** Where the files are, of a version that was made from another: that one may be deleted. */
  storageLocation: z.string().optional(),
  runId: z.string().optional(),
  loggedModelId: z.string().optional(),
  description: z.string().optional(),
  /** Milliseconds since 1970. */
  creationTime: z.int().nonnegative(),
  /** Milliseconds since 1970. */
  lastUpdateTime: z.int().nonnegative(),
  tags: textRecord,
});
export type VersionHead = z.infer<typeof versionHeadSchema>;
export type VersionContent = Content<VersionHead>;

export function newModel(
  id: string,
  { name, description, tags = {} }: Pick<ModelHead, "name"> & Partial<Pick<ModelHead, "description" | "tags">>,
): ModelContent {
  const now = Date.now();
  return {
    id,
    name,
    ...(description === undefined ? {} : { description }),
    creationTime: now,
    lastUpdateTime: now,
    tags: { ...tags },
    aliases: [],
    stages: [],
    deletedVersions: [],
  };
}

export const modelNames = (kind: HeadKind<ModelHead>): NameRules<ModelHead> => ({
  keyOf: modelNameKey,
  kind,
  newId: newNonce,
  isGone: ({ isGone }) => isGone === true,
  tombstone: (id) => ({ ...newModel(id, { name: "" }), isGone: true }),
  taken: ({ name }) => modelNameTaken(name),
});

export function modelEntity({
  name,
  description,
  creationTime,
  lastUpdateTime,
  tags,
  aliases,
}: ModelContent): RegisteredModel {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    creationTime,
    lastUpdateTime,
    tags: { ...tags },
    aliases: Object.fromEntries(aliases),
  };
}

export const isDeletedVersion = (model: ModelContent, version: number): boolean =>
  model.deletedVersions.includes(version);

export function versionEntity(model: ModelContent, head: VersionContent): ModelVersion {
  const { version, source, runId, loggedModelId, description, creationTime, tags } = head;
  const moved = model.stages.find((entry) => entry.version === version);
  return {
    name: model.name,
    version,
    source,
    ...(runId === undefined ? {} : { runId }),
    ...(loggedModelId === undefined ? {} : { modelId: loggedModelId }),
    ...(description === undefined ? {} : { description }),
    stage: moved?.stage ?? "None",
    status: "READY",
    creationTime,
    lastUpdateTime: Math.max(head.lastUpdateTime, moved?.time ?? 0),
    tags: { ...tags },
    aliases: model.aliases.flatMap(([alias, number]) => (number === version ? [alias] : [])).sort(),
  };
}

export const withAlias = (model: ModelContent, alias: string, version: number): ModelContent => ({
  ...model,
  aliases: [...model.aliases.filter(([name]) => name !== alias), [alias, version]],
});

export const withoutAlias = (model: ModelContent, alias: string): ModelContent => ({
  ...model,
  aliases: model.aliases.filter(([name]) => name !== alias),
});

export const withoutVersion = (model: ModelContent, version: number): ModelContent => ({
  ...model,
  aliases: model.aliases.filter(([, number]) => number !== version),
  stages: model.stages.filter((entry) => entry.version !== version),
  deletedVersions: [...model.deletedVersions, version].sort((a, b) => a - b),
});

/** Moves a version, and those that it takes the place of. */
export function withStage(
  model: ModelContent,
  version: number,
  stage: Stage,
  { archiveExisting, time = Date.now() }: { readonly archiveExisting: boolean; readonly time?: number },
): ModelContent {
  const others = model.stages
    .filter((entry) => entry.version !== version)
    .map((entry) =>
      archiveExisting && entry.stage === stage ? { ...entry, stage: "Archived" as const, time } : entry,
    );
  return { ...model, stages: [...others, { version, stage, time }].sort((a, b) => a.version - b.version) };
}
