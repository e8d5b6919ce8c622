import { TidemarkError } from "../../base/errors.ts";
import { cannotArchive, idTaken, noSuchAlias } from "../../base/store-errors.ts";
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
import {
  modelEntity,
  newModel,
  type VersionContent,
  versionEntity,
  withAlias,
  withoutAlias,
  withoutVersion,
  withStage,
} from "./model-head.ts";
import { ModelHeads, versionId } from "./model-heads.ts";
import type { S3Place } from "./s3-place.ts";
import { withoutKey, withTexts } from "./text-record.ts";

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
  readonly #heads: ModelHeads;

  constructor(place: S3Place, parts: RegistryParts, background: Background) {
    this.#place = place;
    this.#parts = parts;
    this.#heads = new ModelHeads(place, background);
  }

  async createModel(input: CreateModel): Promise<RegisteredModel> {
    const { name, description, tags } = input;
    const given = {
      name,
      ...(description === undefined ? {} : { description }),
      ...(tags === undefined ? {} : { tags }),
    };
    return modelEntity(await this.#heads.create(name, (id) => newModel(id, given)));
  }

  /** Makes a model as it is told, times and aliases included. @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` */
  async importModel({ name, description, tags, aliases, ...times }: RegisteredModel): Promise<void> {
    const given = { name, tags, ...(description === undefined ? {} : { description }) };
    await this.#heads.create(name, (id) => ({ ...newModel(id, given), ...times, aliases: Object.entries(aliases) }));
  }

  /** Makes a version as it is told, number, stage and times included. @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` */
  async importVersion({ name, modelId: loggedModelId, stage, ...version }: ImportedVersion): Promise<void> {
    const { id: modelId } = await this.#heads.find(name);
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
    if ((await this.#heads.readVersion(modelId, number)) !== undefined) throw taken();
    if (stage !== "None") {
      // Before the version itself, which nobody then sees without it.
      const options = { archiveExisting: false, time };
      await this.#heads.changeAt(modelId, name, (model) => withStage(model, number, stage, options));
    }
    if (!(await this.#heads.createVersion(content))) throw taken();
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
    return modelEntity(await this.#heads.find(name));
  }

  async searchModels(query: SearchQuery): Promise<Page<RegisteredModel>> {
    return searchModels((await this.#heads.all()).map(modelEntity), query);
  }

  async updateModel(name: string, changes: { readonly description: string }): Promise<RegisteredModel> {
    return modelEntity(await this.#heads.change(name, (model) => ({ ...model, ...changes })));
  }

  async renameModel(name: string, newName: string): Promise<RegisteredModel> {
    return modelEntity(await this.#heads.rename(name, newName));
  }

  async deleteModel(name: string): Promise<void> {
    await this.#heads.change(name, (model) => ({ ...model, isGone: true }));
  }

  async setModelTag(name: string, { key, value }: Tag): Promise<void> {
    await this.#heads.change(name, (model) => ({ ...model, tags: withTexts(model.tags, [[key, value]]) }));
  }

  async deleteModelTag(name: string, key: string): Promise<void> {
    await this.#heads.change(name, (model) => ({ ...model, tags: withoutKey(model.tags, key) }));
  }

  async createVersion(input: CreateVersion): Promise<ModelVersion> {
    const { name, source, runId, modelId: loggedModelId, description, tags = {} } = input;
    if (runId !== undefined) await this.#parts.tracking.getRun(runId);
    if (loggedModelId !== undefined) await this.#parts.loggedModels.get(loggedModelId);
    const copied = copiedVersion(source);
    const storageLocation = copied === undefined ? undefined : await this.downloadUri(copied);
    const model = await this.#heads.find(name);
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
    const version = await this.#heads.createNextVersion(model.id, contentOf);
    return versionEntity(model, contentOf(version));
  }

  async getVersion(ref: VersionRef): Promise<ModelVersion> {
    const { model, version } = await this.#heads.findVersion(ref);
    return versionEntity(model, version);
  }

  async searchVersions(query: SearchQuery): Promise<Page<ModelVersion>> {
    return searchVersions(await this.#heads.allVersions(), query);
  }

  async latestVersions(name: string, stages: readonly Stage[]): Promise<readonly ModelVersion[]> {
    const { id } = await this.#heads.find(name);
    return latestByStage(await this.#heads.allVersions(id), stages);
  }

  async updateVersion(ref: VersionRef, changes: { readonly description: string }): Promise<ModelVersion> {
    return await this.#heads.changeVersion(ref, (version) => ({ ...version, ...changes }));
  }

  async deleteVersion(ref: VersionRef): Promise<void> {
    await this.#heads.changeModelOf(ref, (model) => withoutVersion(model, ref.version));
  }

  async transitionStage(
    ref: VersionRef,
    stage: Stage,
    { archiveExisting }: { readonly archiveExisting: boolean },
  ): Promise<ModelVersion> {
    if (archiveExisting && !isActiveStage(stage)) throw cannotArchive(stage);
    const { version } = await this.#heads.findVersion(ref);
    const model = await this.#heads.changeModelOf(ref, (head) =>
      withStage(head, ref.version, stage, { archiveExisting }),
    );
    return versionEntity(model, version);
  }

  async setVersionTag(ref: VersionRef, { key, value }: Tag): Promise<void> {
    await this.#heads.changeVersion(ref, (version) => ({ ...version, tags: withTexts(version.tags, [[key, value]]) }));
  }

  async deleteVersionTag(ref: VersionRef, key: string): Promise<void> {
    await this.#heads.changeVersion(ref, (version) => ({ ...version, tags: withoutKey(version.tags, key) }));
  }

  async downloadUri(ref: VersionRef): Promise<string> {
    const { version } = await this.#heads.findVersion(ref);
    return version.storageLocation ?? version.source;
  }

  async setAlias(ref: VersionRef, alias: string): Promise<void> {
    await this.#heads.findVersion(ref);
    await this.#heads.changeModelOf(ref, (model) => withAlias(model, alias, ref.version));
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    await this.#heads.change(name, (model) => withoutAlias(model, alias));
  }

  async getVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    const model = await this.#heads.find(name);
    const number =
      alias.toLowerCase() === "latest"
        ? await this.#heads.highestVersion(model)
        : model.aliases.find(([known]) => known === alias)?.[1];
    const version = number === undefined ? undefined : await this.#heads.readVersion(model.id, number);
    if (version === undefined) throw noSuchAlias(name, alias);
    return versionEntity(model, version);
  }
}
