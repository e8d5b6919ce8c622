import { TidemarkError } from "../../base/errors.ts";
import { cannotArchive, idTaken, noSuchAlias, noSuchModel, noSuchVersion } from "../../base/store-errors.ts";
import type { ImportedVersion } from "../../contract/importer.ts";
import type { LoggedModelStore } from "../../contract/logged-model-store.ts";
import type { RegistryStore, VersionRef } from "../../contract/registry-store.ts";
import type { Page, SearchQuery, TrackingStore } from "../../contract/tracking-store.ts";
import {
  type CreateModel,
  type CreateVersion,
  copiedVersion,
  isActiveStage,
  latestByStage,
  type ModelVersion,
  type RegisteredModel,
  type Stage,
} from "../../schema/model-version.ts";
import type { Tag } from "../../schema/param.ts";
import { searchModels, searchVersions } from "../../search/searches.ts";
import type { Background } from "./background.ts";
import { EntityIndex } from "./entity-index.ts";
import type { HeadKind } from "./heads.ts";
import { modelIndex, modelKey, versionIndex, versionKey } from "./layout.ts";
import {
  isDeletedVersion,
  type ModelContent,
  type ModelHead,
  modelEntity,
  modelHeadSchema,
  modelNames,
  newModel,
  type VersionContent,
  type VersionHead,
  versionEntity,
  versionHeadSchema,
  withAlias,
  withoutAlias,
  withoutVersion,
  withStage,
} from "./model-head.ts";
import { Names } from "./names.ts";
import type { S3Place } from "./s3-place.ts";
import { withoutKey, withTexts } from "./text-record.ts";
import { VersionNumbers } from "./version-numbers.ts";

/** What versions may be made of. */
export interface RegistryParts {
  readonly tracking: Pick<TrackingStore, "getRun">;
  readonly loggedModels: Pick<LoggedModelStore, "get">;
}

/**
 * Registered models in a bucket. A model's head has its aliases, its stages and the numbers of deleted versions, so that each of them
 * changes at once, or not at all. What a version is made of is in an object of its own, whose creation takes its number.
 */
export class S3RegistryStore implements RegistryStore {
  readonly #place: S3Place;
  readonly #parts: RegistryParts;
  readonly #models: HeadKind<ModelHead>;
  readonly #versions: HeadKind<VersionHead>;
  readonly #modelIndex: EntityIndex<ModelHead>;
  readonly #versionIndex: EntityIndex<VersionHead>;
  readonly #names: Names<ModelHead>;
  readonly #numbers: VersionNumbers;

  constructor(place: S3Place, parts: RegistryParts, background: Background) {
    this.#place = place;
    this.#parts = parts;
    const isGone = ({ isGone }: ModelHead) => isGone === true;
    const models = { schema: modelHeadSchema, keyOf: modelKey, isGone };
    this.#modelIndex = new EntityIndex(place.heads, modelIndex(), models, background);
    this.#models = { ...models, ...announcedIn(this.#modelIndex) };
    const versions = { schema: versionHeadSchema, keyOf: keyOfVersionId, isGone: () => false };
    this.#versionIndex = new EntityIndex(place.heads, versionIndex(), versions, background);
    this.#versions = { ...versions, ...announcedIn(this.#versionIndex) };
    this.#names = new Names(place.heads, modelNames(this.#models));
    this.#numbers = new VersionNumbers(place.objects);
  }

  async createModel(input: CreateModel): Promise<RegisteredModel> {
    const { name, description, tags } = input;
    const given = {
      name,
      ...(description === undefined ? {} : { description }),
      ...(tags === undefined ? {} : { tags }),
    };
    return modelEntity((await this.#names.create(name, (id) => newModel(id, given))).head);
  }

  /** Makes a model as it is told, times and aliases included. @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` */
  async importModel({ name, description, tags, aliases, ...times }: RegisteredModel): Promise<void> {
    const given = { name, tags, ...(description === undefined ? {} : { description }) };
    await this.#names.create(name, (id) => ({ ...newModel(id, given), ...times, aliases: Object.entries(aliases) }));
  }

  /** Makes a version as it is told, number, stage and times included. @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` */
  async importVersion({ name, modelId: loggedModelId, stage, ...version }: ImportedVersion): Promise<void> {
    const { id: modelId } = await this.#find(name);
    const { version: number, lastUpdateTime: time, tags } = version;
    const content = {
      ...version,
      ...(await this.#locationOf(version.source)),
      ...(loggedModelId === undefined ? {} : { loggedModelId }),
      id: versionId(modelId, number),
      modelId,
      tags: { ...tags },
    };
    const taken = () => idTaken(`version of ${name}`, number, this.#place.uri);
    if ((await this.#readVersion(modelId, number)) !== undefined) throw taken();
    if (stage !== "None") {
      // Before the version itself, which nobody then sees without it. It is no update: the model's time stays.
      const staged = (model: ModelHead) => withStage(model, number, stage, { archiveExisting: false, time });
      await this.#place.heads.change(this.#models, modelId, staged, () => noSuchModel(name, this.#place.uri));
    }
    if ((await this.#place.heads.create(this.#versions, content.id, content)) === undefined) throw taken();
  }

  /** Of a version that is a copy of another one, which may be gone by now. */
  async #locationOf(source: string): Promise<{ readonly storageLocation?: string }> {
    const copied = copiedVersion(source);
    if (copied === undefined) return {};
    try {
      return { storageLocation: await this.downloadUri(copied) };
    } catch (error) {
      if (error instanceof TidemarkError && error.code === "RESOURCE_DOES_NOT_EXIST") return {};
      throw error;
    }
  }

  async getModel(name: string): Promise<RegisteredModel> {
    return modelEntity(await this.#find(name));
  }

  async searchModels(query: SearchQuery): Promise<Page<RegisteredModel>> {
    const heads = (await this.#place.readable()) ? await this.#modelIndex.all() : [];
    return searchModels(heads.map(modelEntity), query);
  }

  async updateModel(name: string, changes: { readonly description: string }): Promise<RegisteredModel> {
    return modelEntity(await this.#change(name, (model) => ({ ...model, ...changes })));
  }

  async renameModel(name: string, newName: string): Promise<RegisteredModel> {
    const { id } = await this.#find(name);
    const missing = () => noSuchModel(name, this.#place.uri);
    const rename = (model: ModelHead) => {
      if (model.isGone === true || model.name !== name) throw missing();
      return { ...model, name: newName, lastUpdateTime: Date.now() };
    };
    return modelEntity(await this.#names.rename(id, newName, rename, missing));
  }

  async deleteModel(name: string): Promise<void> {
    await this.#change(name, (model) => ({ ...model, isGone: true }));
  }

  async setModelTag(name: string, { key, value }: Tag): Promise<void> {
    await this.#change(name, (model) => ({ ...model, tags: withTexts(model.tags, [[key, value]]) }));
  }

  async deleteModelTag(name: string, key: string): Promise<void> {
    await this.#change(name, (model) => ({ ...model, tags: withoutKey(model.tags, key) }));
  }

  async createVersion(input: CreateVersion): Promise<ModelVersion> {
    const { name, source, runId, modelId: loggedModelId, description, tags = {} } = input;
    if (runId !== undefined) await this.#parts.tracking.getRun(runId);
    if (loggedModelId !== undefined) await this.#parts.loggedModels.get(loggedModelId);
    const copied = copiedVersion(source);
    const storageLocation = copied === undefined ? undefined : await this.downloadUri(copied);
    const model = await this.#find(name);
    const now = Date.now();
    const contentOf = (version: number): VersionContent => ({
      id: versionId(model.id, version),
      modelId: model.id,
      version,
      source,
      ...(storageLocation === undefined ? {} : { storageLocation }),
      ...(runId === undefined ? {} : { runId }),
      ...(loggedModelId === undefined ? {} : { loggedModelId }),
      ...(description === undefined ? {} : { description }),
      creationTime: now,
      lastUpdateTime: now,
      tags: { ...tags },
    });
    const version = await this.#numbers.next(model.id, async (number) => {
      const content = contentOf(number);
      return (await this.#place.heads.create(this.#versions, content.id, content)) !== undefined;
    });
    return versionEntity(model, contentOf(version));
  }

  async getVersion(ref: VersionRef): Promise<ModelVersion> {
    const { model, version } = await this.#findVersion(ref);
    return versionEntity(model, version);
  }

  async searchVersions(query: SearchQuery): Promise<Page<ModelVersion>> {
    return searchVersions((await this.#place.readable()) ? await this.#allVersions() : [], query);
  }

  async latestVersions(name: string, stages: readonly Stage[]): Promise<readonly ModelVersion[]> {
    const { id } = await this.#find(name);
    return latestByStage(await this.#allVersions(id), stages);
  }

  async updateVersion(ref: VersionRef, changes: { readonly description: string }): Promise<ModelVersion> {
    return await this.#changeVersion(ref, (version) => ({ ...version, ...changes }));
  }

  async deleteVersion(ref: VersionRef): Promise<void> {
    await this.#changeWith(ref, (model) => withoutVersion(model, ref.version));
  }

  async transitionStage(
    ref: VersionRef,
    stage: Stage,
    { archiveExisting }: { readonly archiveExisting: boolean },
  ): Promise<ModelVersion> {
    if (archiveExisting && !isActiveStage(stage)) throw cannotArchive(stage);
    const { version } = await this.#findVersion(ref);
    const model = await this.#changeWith(ref, (head) => withStage(head, ref.version, stage, { archiveExisting }));
    return versionEntity(model, version);
  }

  async setVersionTag(ref: VersionRef, { key, value }: Tag): Promise<void> {
    await this.#changeVersion(ref, (version) => ({ ...version, tags: withTexts(version.tags, [[key, value]]) }));
  }

  async deleteVersionTag(ref: VersionRef, key: string): Promise<void> {
    await this.#changeVersion(ref, (version) => ({ ...version, tags: withoutKey(version.tags, key) }));
  }

  async downloadUri(ref: VersionRef): Promise<string> {
    const { version } = await this.#findVersion(ref);
    return version.storageLocation ?? version.source;
  }

  async setAlias(ref: VersionRef, alias: string): Promise<void> {
    await this.#findVersion(ref);
    await this.#changeWith(ref, (model) => withAlias(model, alias, ref.version));
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    await this.#change(name, (model) => withoutAlias(model, alias));
  }

  async getVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    const model = await this.#find(name);
    const number =
      alias.toLowerCase() === "latest"
        ? await this.#highestVersion(model)
        : model.aliases.find(([known]) => known === alias)?.[1];
    const version = number === undefined ? undefined : await this.#readVersion(model.id, number);
    if (version === undefined) throw noSuchAlias(name, alias);
    return versionEntity(model, version);
  }

  async #highestVersion(model: ModelHead): Promise<number | undefined> {
    let number = await this.#numbers.highest(model.id);
    const deleted = new Set(model.deletedVersions);
    while (number > 0 && deleted.has(number)) number--;
    return number === 0 ? undefined : number;
  }

  /** Of one model, or of all. */
  async #allVersions(modelId?: string): Promise<ModelVersion[]> {
    // Models first: a version that is found has its model, but for one that was deleted meanwhile.
    const models = new Map((await this.#modelIndex.all()).map((model) => [model.id, model]));
    const versions = await this.#versionIndex.all();
    return versions.flatMap((version) => {
      const model = models.get(version.modelId);
      const isWanted = modelId === undefined || version.modelId === modelId;
      if (model === undefined || !isWanted || isDeletedVersion(model, version.version)) return [];
      return versionEntity(model, version);
    });
  }

  async #find(name: string): Promise<ModelHead> {
    const found = (await this.#place.readable()) ? await this.#names.find(name) : undefined;
    if (found === undefined) throw noSuchModel(name, this.#place.uri);
    return found.head;
  }

  async #findVersion({ name, version }: VersionRef): Promise<{ model: ModelHead; version: VersionHead }> {
    const model = await this.#find(name);
    const head = isDeletedVersion(model, version) ? undefined : await this.#readVersion(model.id, version);
    if (head === undefined) throw noSuchVersion(name, version, this.#place.uri);
    return { model, version: head };
  }

  async #readVersion(modelId: string, version: number): Promise<VersionHead | undefined> {
    return await this.#place.heads.read(this.#versions, versionId(modelId, version));
  }

  async #change(name: string, apply: (model: ModelHead) => ModelContent): Promise<ModelHead> {
    const { id } = await this.#find(name);
    const missing = () => noSuchModel(name, this.#place.uri);
    const change = (model: ModelHead) => {
      if (model.isGone === true || model.name !== name) throw missing();
      return { ...apply(model), lastUpdateTime: Date.now() };
    };
    return await this.#place.heads.change(this.#models, id, change, missing);
  }

  /** Changes the head of the model for the sake of a version that must be there. */
  async #changeWith(ref: VersionRef, apply: (model: ModelHead) => ModelContent): Promise<ModelHead> {
    await this.#findVersion(ref);
    return await this.#change(ref.name, (model) => {
      if (isDeletedVersion(model, ref.version)) throw noSuchVersion(ref.name, ref.version, this.#place.uri);
      return apply(model);
    });
  }

  async #changeVersion(ref: VersionRef, apply: (version: VersionHead) => VersionContent): Promise<ModelVersion> {
    const { model } = await this.#findVersion(ref);
    const id = versionId(model.id, ref.version);
    const missing = () => noSuchVersion(ref.name, ref.version, this.#place.uri);
    const change = (version: VersionHead) => ({ ...apply(version), lastUpdateTime: Date.now() });
    return versionEntity(model, await this.#place.heads.change(this.#versions, id, change, missing));
  }
}

const announcedIn = (index: Pick<EntityIndex<ModelHead>, "announce" | "noteWrite">) => ({
  announce: (id: string, _: unknown, rev: number) => index.announce(id, rev),
  onWritten: () => index.noteWrite(),
});

const versionId = (modelId: string, version: number): string => `${modelId}-${version}`;

function keyOfVersionId(id: string): string {
  const dash = id.lastIndexOf("-");
  return versionKey(id.slice(0, dash), Number(id.slice(dash + 1)));
}
