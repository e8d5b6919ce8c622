import {
  cannotArchive,
  idTaken,
  modelNameTaken,
  noSuchAlias,
  noSuchModel,
  noSuchVersion,
} from "../base/store-errors.ts";
import type { Backend } from "../contract/backend.ts";
import type { ImportedVersion } from "../contract/importer.ts";
import type { RegistryStore, VersionRef } from "../contract/registry-store.ts";
import type { Page, SearchQuery } from "../contract/tracking-store.ts";
import {
  type CreateModel,
  type CreateVersion,
  copiedVersion,
  highestOf,
  isActiveStage,
  latestByStage,
  type ModelVersion,
  type RegisteredModel,
  type Stage,
} from "../schema/model-version.ts";
import type { Tag } from "../schema/param.ts";
import { searchModels, searchVersions } from "../search/searches.ts";
import { URI } from "./memory-uri.ts";

/** Fields of a version that are not kept elsewhere: its name is the model's, its aliases are the model's. */
type VersionRecord = Omit<ModelVersion, "name" | "aliases">;

interface ModelRecord {
  readonly name: string;
  readonly creationTime: number;
  readonly description: string | undefined;
  readonly lastUpdateTime: number;
  readonly tags: Map<string, string>;
  readonly aliases: Map<string, number>;
  /** By number; a deleted one is `undefined`, so that its number is not used again. */
  readonly versions: Map<number, VersionRecord | undefined>;
  /** Where the files of a version are that was made from another, by number. */
  readonly locations: Map<number, string>;
}

/** Registered models in maps. */
export class MemoryRegistryStore implements RegistryStore {
  readonly #models = new Map<string, ModelRecord>();
  readonly #backend: Pick<Backend, "tracking" | "loggedModels">;

  constructor(backend: Pick<Backend, "tracking" | "loggedModels">) {
    this.#backend = backend;
  }

  async createModel({ name, description, tags = {} }: CreateModel): Promise<RegisteredModel> {
    const now = Date.now();
    const given = description === undefined ? {} : { description };
    this.importModel({ name, ...given, creationTime: now, lastUpdateTime: now, tags, aliases: {} });
    return modelEntity(this.#find(name));
  }

  importModel({ name, description, creationTime, lastUpdateTime, tags, aliases }: RegisteredModel): void {
    if (this.#models.has(name)) throw modelNameTaken(name);
    this.#models.set(name, {
      name,
      creationTime,
      lastUpdateTime,
      description,
      tags: new Map(Object.entries(tags)),
      aliases: new Map(Object.entries(aliases)),
      versions: new Map(),
      locations: new Map(),
    });
  }

  importVersion({ name, ...version }: ImportedVersion): void {
    const { versions, locations } = this.#find(name);
    if (versions.has(version.version)) throw idTaken(`version of ${name}`, version.version, URI);
    versions.set(version.version, { ...version, status: "READY" });
    const copied = copiedVersion(version.source);
    const original = copied === undefined ? undefined : this.#models.get(copied.name)?.versions.get(copied.version);
    if (copied !== undefined && original !== undefined) locations.set(version.version, this.#locate(copied));
  }

  async getModel(name: string): Promise<RegisteredModel> {
    return modelEntity(this.#find(name));
  }

  async searchModels(query: SearchQuery): Promise<Page<RegisteredModel>> {
    return searchModels([...this.#models.values()].map(modelEntity), query);
  }

  async updateModel(name: string, changes: { readonly description: string }): Promise<RegisteredModel> {
    return modelEntity(this.#change(this.#find(name), changes));
  }

  async renameModel(name: string, newName: string): Promise<RegisteredModel> {
    const model = this.#find(name);
    if (this.#models.has(newName)) throw modelNameTaken(newName);
    this.#models.delete(name);
    return modelEntity(this.#change(model, { name: newName }));
  }

  async deleteModel(name: string): Promise<void> {
    this.#find(name);
    this.#models.delete(name);
  }

  async setModelTag(name: string, { key, value }: Tag): Promise<void> {
    this.#change(this.#find(name)).tags.set(key, value);
  }

  async deleteModelTag(name: string, key: string): Promise<void> {
    this.#change(this.#find(name)).tags.delete(key);
  }

  async createVersion({ name, source, runId, modelId, description, tags = {} }: CreateVersion): Promise<ModelVersion> {
    if (runId !== undefined) await this.#backend.tracking.getRun(runId);
    if (modelId !== undefined) await this.#backend.loggedModels?.get(modelId);
    const copied = copiedVersion(source);
    const location = copied === undefined ? undefined : this.#locate(copied);
    const model = this.#change(this.#find(name));
    const version = Math.max(0, ...model.versions.keys()) + 1;
    const record: VersionRecord = {
      version,
      source,
      ...(runId === undefined ? {} : { runId }),
      ...(modelId === undefined ? {} : { modelId }),
      ...(description === undefined ? {} : { description }),
      stage: "None",
      status: "READY",
      creationTime: model.lastUpdateTime,
      lastUpdateTime: model.lastUpdateTime,
      tags,
    };
    model.versions.set(version, record);
    if (location !== undefined) model.locations.set(version, location);
    return versionEntity(model, record);
  }

  async getVersion(ref: VersionRef): Promise<ModelVersion> {
    return this.#findVersion(ref);
  }

  async searchVersions(query: SearchQuery): Promise<Page<ModelVersion>> {
    return searchVersions([...this.#models.values()].flatMap(versionsOf), query);
  }

  async latestVersions(name: string, stages: readonly Stage[]): Promise<readonly ModelVersion[]> {
    return latestByStage(versionsOf(this.#find(name)), stages);
  }

  async updateVersion(ref: VersionRef, changes: { readonly description: string }): Promise<ModelVersion> {
    return this.#changeVersion(ref, changes);
  }

  async deleteVersion(ref: VersionRef): Promise<void> {
    const { aliases } = this.#findVersion(ref);
    const model = this.#change(this.#find(ref.name));
    model.versions.set(ref.version, undefined);
    for (const alias of aliases) model.aliases.delete(alias);
  }

  async transitionStage(
    ref: VersionRef,
    stage: Stage,
    { archiveExisting }: { readonly archiveExisting: boolean },
  ): Promise<ModelVersion> {
    if (archiveExisting && !isActiveStage(stage)) throw cannotArchive(stage);
    this.#findVersion(ref);
    const others = versionsOf(this.#find(ref.name)).filter((other) => other.stage === stage);
    if (archiveExisting) for (const other of others) this.#changeVersion(other, { stage: "Archived" });
    return this.#changeVersion(ref, { stage });
  }

  async setVersionTag(ref: VersionRef, { key, value }: Tag): Promise<void> {
    const { tags } = this.#findVersion(ref);
    this.#changeVersion(ref, { tags: Object.fromEntries([...Object.entries(tags), [key, value]]) });
  }

  async deleteVersionTag(ref: VersionRef, key: string): Promise<void> {
    const tags = Object.entries(this.#findVersion(ref).tags).filter(([name]) => name !== key);
    this.#changeVersion(ref, { tags: Object.fromEntries(tags) });
  }

  async downloadUri(ref: VersionRef): Promise<string> {
    return this.#locate(ref);
  }

  async setAlias(ref: VersionRef, alias: string): Promise<void> {
    this.#findVersion(ref);
    this.#change(this.#find(ref.name)).aliases.set(alias, ref.version);
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    this.#change(this.#find(name)).aliases.delete(alias);
  }

  async getVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    const model = this.#find(name);
    const found =
      alias.toLowerCase() === "latest"
        ? highestOf(versionsOf(model))
        : versionsOf(model).find(({ version }) => version === model.aliases.get(alias));
    if (found === undefined) throw noSuchAlias(name, alias);
    return found;
  }

  #locate(ref: VersionRef): string {
    const { source } = this.#findVersion(ref);
    return this.#find(ref.name).locations.get(ref.version) ?? source;
  }

  #find(name: string): ModelRecord {
    const model = this.#models.get(name);
    if (model === undefined) throw noSuchModel(name, URI);
    return model;
  }

  #change(model: ModelRecord, changes: Partial<ModelRecord> = {}): ModelRecord {
    const changed = { ...model, ...changes, lastUpdateTime: Date.now() };
    this.#models.set(changed.name, changed);
    return changed;
  }

  #findVersion({ name, version }: VersionRef): ModelVersion {
    const model = this.#find(name);
    const record = model.versions.get(version);
    if (record === undefined) throw noSuchVersion(name, version, URI);
    return versionEntity(model, record);
  }

  #changeVersion(ref: VersionRef, changes: Partial<VersionRecord>): ModelVersion {
    const { name: _name, aliases: _aliases, ...record } = this.#findVersion(ref);
    const model = this.#change(this.#find(ref.name));
    const changed = { ...record, ...changes, lastUpdateTime: model.lastUpdateTime };
    model.versions.set(ref.version, changed);
    return versionEntity(model, changed);
  }
}

function modelEntity({ name, creationTime, lastUpdateTime, description, tags, aliases }: ModelRecord): RegisteredModel {
  return {
    name,
    ...(description === undefined ? {} : { description }),
    creationTime,
    lastUpdateTime,
    tags: Object.fromEntries(tags),
    aliases: Object.fromEntries(aliases),
  };
}

const versionEntity = (model: ModelRecord, record: VersionRecord): ModelVersion => ({
  ...record,
  name: model.name,
  aliases: [...model.aliases]
    .filter(([, version]) => version === record.version)
    .map(([alias]) => alias)
    .sort(),
});

const versionsOf = (model: ModelRecord): ModelVersion[] =>
  [...model.versions.values()].flatMap((record) => (record === undefined ? [] : versionEntity(model, record)));
