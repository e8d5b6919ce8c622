import { renameSync } from "node:fs";
import { join } from "node:path";
import { systemCodeOf } from "../base/errors.ts";
import { cannotArchive, modelNameTaken, noSuchAlias } from "../base/store-errors.ts";
import type { ImportedVersion } from "../contract/importer.ts";
import type { RegistryStore, VersionRef } from "../contract/registry-store.ts";
import type { Page, SearchQuery } from "../contract/tracking-store.ts";
import { guarded } from "../disk/storage-errors.ts";
import {
  type CreateModel,
  type CreateVersion,
  highestOf,
  isActiveStage,
  latestByStage,
  type ModelVersion,
  type RegisteredModel,
  type Stage,
} from "../schema/model-version.ts";
import type { Tag } from "../schema/param.ts";
import { searchModels, searchVersions } from "../search/searches.ts";
import type { ExperimentFiles } from "./experiment-files.ts";
import { removeText, setText } from "./key-files.ts";
import { ALIASES_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { DELETED_STAGE, ModelFiles, versionPlace } from "./model-files.ts";
import { NewModels } from "./new-models.ts";
import type { ResolvedSource, SourceResolver } from "./source-resolver.ts";
import type { StoreFiles } from "./store-files.ts";

/** Registered models in MLflow's file layout. */
export class FsRegistryStore implements RegistryStore {
  readonly #store: StoreFiles;
  readonly #files: ModelFiles;
  readonly #new: NewModels;
  readonly #sources: SourceResolver;

  constructor(store: StoreFiles, experiments: ExperimentFiles, sources: SourceResolver) {
    this.#store = store;
    this.#files = new ModelFiles(store);
    this.#new = new NewModels(store, this.#files, experiments);
    this.#sources = sources;
  }

  async createModel({ name, description, tags = {} }: CreateModel): Promise<RegisteredModel> {
    const now = Date.now();
    const given = description === undefined ? {} : { description };
    const model = { name, ...given, creationTime: now, lastUpdateTime: now, tags, aliases: {} };
    if (!this.importModel(model)) throw modelNameTaken(name);
    return this.#files.read(name);
  }

  /** Makes a model as it is told, times and aliases included; answers false where the name is taken. */
  importModel(model: RegisteredModel): boolean {
    return this.#new.make(model);
  }

  async getModel(name: string): Promise<RegisteredModel> {
    return this.#files.read(name);
  }

  async searchModels(query: SearchQuery): Promise<Page<RegisteredModel>> {
    return searchModels(this.#files.all(), query);
  }

  async updateModel(name: string, { description }: { readonly description: string }): Promise<RegisteredModel> {
    this.#files.change(this.#files.find(name), { description, last_updated_timestamp: Date.now() });
    return this.#files.read(name);
  }

  async renameModel(name: string, newName: string): Promise<RegisteredModel> {
    const place = this.#files.find(name);
    const target = this.#files.placeOf(newName);
    if (this.#store.isDirectory(target)) throw modelNameTaken(newName);
    guarded("rename", place, () => {
      try {
        renameSync(place, target);
      } catch (error) {
        if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(systemCodeOf(error) ?? "")) throw modelNameTaken(newName);
        throw error;
      }
    });
    // Python goes by what is written in the files.
    const changes = { name: newName, last_updated_timestamp: Date.now() };
    for (const { version } of this.#files.versions(newName)) this.#files.change(versionPlace(target, version), changes);
    this.#files.change(target, changes);
    return this.#files.read(newName);
  }

  async deleteModel(name: string): Promise<void> {
    this.#new.discard(this.#files.find(name));
  }

  async setModelTag(name: string, { key, value }: Tag): Promise<void> {
    const place = this.#files.find(name);
    this.#files.setTags(place, { [key]: value });
    this.#touch(place);
  }

  async deleteModelTag(name: string, key: string): Promise<void> {
    const place = this.#files.find(name);
    removeText(this.#files.texts(place, TAGS_DIRECTORY), key);
    this.#touch(place);
  }

  async createVersion(input: CreateVersion): Promise<ModelVersion> {
    const { name, source, modelId, description, tags = {} } = input;
    const place = this.#files.find(name);
    const { runId, storageLocation } = await this.#sources.resolve(input, (ref) => this.#storedSource(ref));
    const now = Date.now();
    const fields = {
      name,
      source,
      ...(runId === undefined ? {} : { runId }),
      ...(modelId === undefined ? {} : { modelId }),
      ...(description === undefined ? {} : { description }),
      creationTime: now,
      lastUpdateTime: now,
      stage: "None",
      tags,
    } as const;
    for (;;) {
      const version = Math.max(0, ...this.#files.numbers(place)) + 1;
      // Somebody else was faster, and the next number is free.
      if (!this.#new.makeVersion(place, { ...fields, version }, storageLocation)) continue;
      this.#touch(place);
      return this.#files.findVersion({ name, version }).version;
    }
  }

  /** Makes a version as it is told, number, stage and times included; answers false where the number is taken. */
  async importVersion(version: ImportedVersion): Promise<boolean> {
    const place = this.#files.find(version.name);
    const storageLocation = await this.#sources.storageLocation(version, (ref) => this.#storedSource(ref));
    return this.#new.makeVersion(place, version, storageLocation);
  }

  async getVersion(ref: VersionRef): Promise<ModelVersion> {
    return this.#files.findVersion(ref).version;
  }

  async searchVersions(query: SearchQuery): Promise<Page<ModelVersion>> {
    const versions = this.#files.all().flatMap(({ name }) => this.#files.versions(name));
    return searchVersions(versions, query);
  }

  async latestVersions(name: string, stages: readonly Stage[]): Promise<readonly ModelVersion[]> {
    return latestByStage(this.#files.versions(name), stages);
  }

  async updateVersion(ref: VersionRef, { description }: { readonly description: string }): Promise<ModelVersion> {
    this.#files.change(this.#files.findVersion(ref).place, { description, last_updated_timestamp: Date.now() });
    return this.#files.findVersion(ref).version;
  }

  async deleteVersion(ref: VersionRef): Promise<void> {
    const { place, version } = this.#files.findVersion(ref);
    this.#files.change(place, { current_stage: DELETED_STAGE, last_updated_timestamp: Date.now() });
    const model = this.#files.find(ref.name);
    for (const alias of version.aliases) removeText(this.#files.texts(model, ALIASES_DIRECTORY), alias);
    this.#touch(model);
  }

  async transitionStage(
    ref: VersionRef,
    stage: Stage,
    { archiveExisting }: { readonly archiveExisting: boolean },
  ): Promise<ModelVersion> {
    if (archiveExisting && !isActiveStage(stage)) throw cannotArchive(stage);
    const { place } = this.#files.findVersion(ref);
    const model = this.#files.find(ref.name);
    const time = Date.now();
    const others = this.#files.versions(ref.name).filter((other) => other.stage === stage);
    for (const other of archiveExisting ? others : []) {
      if (other.version === ref.version) continue;
      this.#files.change(versionPlace(model, other.version), {
        current_stage: "Archived",
        last_updated_timestamp: time,
      });
    }
    this.#files.change(place, { current_stage: stage, last_updated_timestamp: time });
    this.#touch(model);
    return this.#files.findVersion(ref).version;
  }

  async setVersionTag(ref: VersionRef, { key, value }: Tag): Promise<void> {
    this.#files.setTags(this.#files.findVersion(ref).place, { [key]: value });
    this.#touch(this.#files.find(ref.name));
  }

  async deleteVersionTag(ref: VersionRef, key: string): Promise<void> {
    removeText(this.#files.texts(this.#files.findVersion(ref).place, TAGS_DIRECTORY), key);
    this.#touch(this.#files.find(ref.name));
  }

  async downloadUri(ref: VersionRef): Promise<string> {
    const { place, version } = this.#files.findVersion(ref);
    return this.#files.storageLocation(place) ?? version.source;
  }

  async setAlias(ref: VersionRef, alias: string): Promise<void> {
    this.#files.findVersion(ref);
    const place = this.#files.find(ref.name);
    const aliases = this.#files.texts(place, ALIASES_DIRECTORY);
    guarded("write", join(aliases.directory, alias), () => setText(aliases, alias, String(ref.version)));
    this.#touch(place);
  }

  async deleteAlias(name: string, alias: string): Promise<void> {
    const place = this.#files.find(name);
    removeText(this.#files.texts(place, ALIASES_DIRECTORY), alias);
    this.#touch(place);
  }

  async getVersionByAlias(name: string, alias: string): Promise<ModelVersion> {
    if (alias.toLowerCase() !== "latest") {
      const { aliases } = this.#files.read(name);
      const version = Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;
      if (version === undefined) throw noSuchAlias(name, alias);
      return this.#files.findVersion({ name, version }).version;
    }
    const highest = highestOf(this.#files.versions(name));
    if (highest === undefined) throw noSuchAlias(name, alias);
    return highest;
  }

  /** A version made from another has its files in the same place. */
  #storedSource(ref: VersionRef): ResolvedSource {
    const { place, version } = this.#files.findVersion(ref);
    return { runId: version.runId, storageLocation: this.#files.storageLocation(place) ?? version.source };
  }

  /** Everything that happens to a model is an update of it. */
  #touch(place: string): void {
    this.#files.change(place, { last_updated_timestamp: Date.now() });
  }
}
