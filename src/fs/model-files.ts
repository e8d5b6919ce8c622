import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { warnOnce } from "../base/diagnostics.ts";
import { placeBelow } from "../base/local-paths.ts";
import { relativePathProblem } from "../base/paths.ts";
import { noSuchModel, noSuchVersion } from "../base/store-errors.ts";
import type { VersionRef } from "../contract/registry-store.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import { damaged, guarded } from "../disk/storage-errors.ts";
import { type ModelVersion, type RegisteredModel, STAGES, type Stage } from "../schema/model-version.ts";
import { entriesOf, readTexts, setText, type TextPlace, typeOf } from "./key-files.ts";
import { ALIASES_DIRECTORY, META_FILE, MODELS_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { Meta, type MetaValue } from "./meta-yaml.ts";
import { type StoreFiles, skipDamaged } from "./store-files.ts";

/** What MLflow writes as the stage of a deleted version: its number stays taken. */
export const DELETED_STAGE = "Deleted_Internal";

const VERSION_DIRECTORY = /^version-([1-9]\d*)$/;

/** Registered models and their versions as directories. The name of a directory is the truth, whatever is written in it. */
export class ModelFiles {
  readonly #store: StoreFiles;
  /** Where registered models are. */
  readonly directory: string;

  constructor(store: StoreFiles) {
    this.#store = store;
    this.directory = join(store.directory, MODELS_DIRECTORY);
  }

  placeOf(name: string): string {
    if (name.includes("/") || relativePathProblem(name) !== undefined) throw noSuchModel(name, this.#store.uri);
    return placeBelow(this.directory, "model name", name);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  find(name: string): string {
    const place = this.placeOf(name);
    if (!this.#store.isDirectory(place)) throw noSuchModel(name, this.#store.uri);
    return place;
  }

  /** All models that can be read. */
  all(): RegisteredModel[] {
    return this.#directoriesIn(this.directory).flatMap((name) => skipDamaged(() => this.read(name)) ?? []);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `DATA_DAMAGED` */
  read(name: string): RegisteredModel {
    const place = this.find(name);
    const meta = this.#meta(place);
    const description = meta.text("description");
    return {
      name,
      ...(description === undefined ? {} : { description }),
      creationTime: meta.integer("creation_timestamp") ?? 0,
      lastUpdateTime: meta.integer("last_updated_timestamp") ?? 0,
      tags: this.#texts(place, TAGS_DIRECTORY),
      aliases: this.#aliases(place),
    };
  }

  /** Numbers of all versions there ever were. */
  numbers(place: string): number[] {
    return readdirSync(place).flatMap((name) => {
      const [, number] = VERSION_DIRECTORY.exec(name) ?? [];
      return number === undefined ? [] : Number(number);
    });
  }

  /** All versions of a model that are there and can be read. */
  versions(name: string): ModelVersion[] {
    const place = this.find(name);
    const aliases = this.#aliases(place);
    return this.numbers(place).flatMap(
      (version) => skipDamaged(() => this.#readVersion(place, { name, version }, aliases)) ?? [],
    );
  }

  /** Where a version is that has not been deleted. */
  findVersion(ref: VersionRef): { place: string; version: ModelVersion } {
    const model = this.find(ref.name);
    const place = versionPlace(model, ref.version);
    const version = this.#store.isDirectory(place) ? this.#readVersion(model, ref, this.#aliases(model)) : undefined;
    if (version === undefined) throw noSuchVersion(ref.name, ref.version, this.#store.uri);
    return { place, version };
  }

  /** The field of a version's meta.yaml that says where its files are. */
  storageLocation(place: string): string | undefined {
    return this.#meta(place).text("storage_location");
  }

  change(place: string, changes: Readonly<Record<string, MetaValue>>): void {
    const meta = this.#meta(place);
    guarded("update", meta.path, () => replaceFile(place, meta.path, meta.with(changes)));
  }

  setTags(place: string, tags: Readonly<Record<string, string>>): void {
    const texts = this.texts(place, TAGS_DIRECTORY);
    guarded("write", texts.directory, () => {
      for (const [key, value] of Object.entries(tags)) setText(texts, key, value);
    });
  }

  texts(place: string, directory: string): TextPlace {
    return { containment: this.#store.containment, root: place, directory: join(place, directory) };
  }

  #meta(place: string): Meta {
    const path = join(place, META_FILE);
    const meta = Meta.read(this.#store.containment, path);
    if (meta === undefined) throw damaged(path, "is missing");
    return meta;
  }

  /** `undefined` where it was deleted. */
  #readVersion(
    model: string,
    { name, version }: VersionRef,
    aliases: Readonly<Record<string, number>>,
  ): ModelVersion | undefined {
    const place = versionPlace(model, version);
    const meta = this.#meta(place);
    const stage = meta.text("current_stage") ?? "None";
    if (stage === DELETED_STAGE) return undefined;
    if (!isStage(stage)) throw damaged(meta.path, `has a stage that is none: ${stage}`);
    const [runId, modelId, description] = [meta.text("run_id"), meta.text("model_id"), meta.text("description")];
    return {
      name,
      version,
      source: meta.text("source") ?? "",
      ...(runId === undefined ? {} : { runId }),
      ...(modelId === undefined ? {} : { modelId }),
      ...(description === undefined ? {} : { description }),
      // Nothing but READY is ever written to files.
      stage,
      status: "READY",
      creationTime: meta.integer("creation_timestamp") ?? 0,
      lastUpdateTime: meta.integer("last_updated_timestamp") ?? 0,
      tags: this.#texts(place, TAGS_DIRECTORY),
      aliases: Object.keys(aliases)
        .filter((alias) => aliases[alias] === version)
        .sort(),
    };
  }

  #aliases(place: string): Record<string, number> {
    const texts = Object.entries(this.#texts(place, ALIASES_DIRECTORY));
    return Object.fromEntries(
      texts.flatMap(([alias, text]): [string, number][] => {
        if (/^[1-9]\d*$/.test(text.trim())) return [[alias, Number(text)]];
        const path = join(place, ALIASES_DIRECTORY, alias);
        warnOnce(`alias:${path}`, `${path} is skipped: it holds no version number`);
        return [];
      }),
    );
  }

  #texts(place: string, directory: string): Record<string, string> {
    return readTexts(this.#store.containment, "tag", join(place, directory));
  }

  #directoriesIn(directory: string): string[] {
    const { containment } = this.#store;
    return entriesOf(containment, directory).flatMap((entry) => {
      const path = join(directory, entry.name);
      return typeOf(containment, path, entry) === "directory" ? basename(path) : [];
    });
  }
}

export const versionPlace = (model: string, version: number): string => join(model, `version-${version}`);

const isStage = (text: string): text is Stage => (STAGES as readonly string[]).includes(text);
