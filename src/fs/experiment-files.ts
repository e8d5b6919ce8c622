import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { TidemarkError } from "../base/errors.ts";
import { DEFAULT_EXPERIMENT_ID, DEFAULT_EXPERIMENT_NAME, experimentIdFor } from "../base/experiment-ids.ts";
import { experimentDeleted, experimentNameTaken, idTaken, noSuchExperiment } from "../base/store-errors.ts";
import type { ImportedExperiment } from "../contract/importer.ts";
import { createFile, makeDirectory, replaceFile } from "../disk/atomic-file.ts";
import { damaged, guarded } from "../disk/storage-errors.ts";
import type { CreateExperiment, Experiment } from "../schema/experiment.ts";
import type { Tag } from "../schema/param.ts";
import { deleteText, readTexts, setText, type TextPlace } from "./key-files.ts";
import { isImportableId, META_FILE, TAGS_DIRECTORY } from "./layout.ts";
import { formatMeta, Meta, type MetaValue } from "./meta-yaml.ts";
import { type StoreFiles, skipDamaged } from "./store-files.ts";

// One attempt is the rule: a second is needed only where an experiment was renamed and its old name is taken again.
const MOST_ID_ATTEMPTS = 100;

/** Experiments as directories with a meta.yaml and tags. */
export class ExperimentFiles {
  readonly #store: StoreFiles;

  constructor(store: StoreFiles) {
    this.#store = store;
  }

  /**
   * Creates an experiment and answers its id. Processes that create one name at once meet in one directory, where only one can
   * put the meta.yaml.
   *
   * @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS`
   */
  create(input: CreateExperiment): string {
    const { directory } = this.#store;
    this.#prepare(input.name);
    for (let attempt = 0; attempt < MOST_ID_ATTEMPTS; attempt++) {
      const id = experimentIdFor(input.name, attempt);
      const place = this.#store.findExperiment(id) ?? join(directory, id);
      const isInTrash = dirname(place) !== directory;
      if (!isInTrash && guarded("create", place, () => this.#claim(place, id, input))) return id;
      const winner = this.read(place);
      if (winner?.name === input.name) throw experimentNameTaken(winner);
    }
    throw new TidemarkError("STORAGE_ERROR", `no id is free for an experiment ${JSON.stringify(input.name)}`);
  }

  /**
   * Creates an experiment that another store has, with the id and times it has there.
   *
   * @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` where the name or the id is taken
   */
  import({ id, name, tags, creationTime, lastUpdateTime }: ImportedExperiment): void {
    const { directory } = this.#store;
    // Its id is that of the one that every store has: that one is not made first.
    if (id === DEFAULT_EXPERIMENT_ID) guarded("create", directory, () => mkdirSync(directory, { recursive: true }));
    else this.#prepare(name);
    const owner = this.findByName(name);
    if (owner !== undefined) throw experimentNameTaken(owner);
    const place = join(directory, id);
    const found = this.#store.findExperiment(id);
    // A directory without a meta.yaml is one that somebody is making at this moment, or was: who puts that first has made it.
    const isTaken = !isImportableId(id) || (found !== undefined && found !== place);
    const times = { creation_time: creationTime ?? Date.now(), last_update_time: lastUpdateTime ?? Date.now() };
    const isNew = !isTaken && guarded("create", place, () => this.#claim(place, id, { name, tags }, times));
    if (!isNew) throw idTaken("experiment", id, this.#store.uri);
  }

  #prepare(name: string): void {
    const { directory } = this.#store;
    const existing = this.findByName(name);
    if (existing !== undefined) throw experimentNameTaken(existing);
    guarded("create", directory, () => mkdirSync(directory, { recursive: true }));
    const isNewStore = this.#store.experimentDirectories().length === 0;
    // Python finds the default experiment in every store, and people rely on its id.
    if (isNewStore && name !== DEFAULT_EXPERIMENT_NAME) this.createDefault();
  }

  /** Creates the default experiment where it is missing. */
  createDefault(): void {
    try {
      this.create({ name: DEFAULT_EXPERIMENT_NAME });
    } catch (error) {
      if (!(error instanceof TidemarkError) || error.code !== "RESOURCE_ALREADY_EXISTS") throw error;
    }
  }

  /** Puts the meta.yaml; answers false where one already was. */
  #claim(place: string, id: string, input: CreateExperiment, times = timesNow()): boolean {
    makeDirectory(place);
    this.#store.containment.check(place);
    makeDirectory(join(place, TAGS_DIRECTORY));
    const meta = formatMeta({
      artifact_location: input.artifactLocation ?? pathToFileURL(place).href,
      experiment_id: id,
      lifecycle_stage: "active",
      name: input.name,
      ...times,
    });
    if (!createFile(place, join(place, META_FILE), meta)) return false;
    for (const [key, value] of Object.entries(input.tags ?? {})) setText(this.#tagsOf(place), key, value);
    return true;
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `DATA_DAMAGED` */
  get(experimentId: string): Experiment {
    const place = this.#store.findExperiment(experimentId);
    const experiment = place === undefined ? undefined : this.read(place);
    if (experiment !== undefined) return experiment;
    throw noSuchExperiment(experimentId, this.#store.directory);
  }

  findByName(name: string): Experiment | undefined {
    const likely = this.#store.findExperiment(experimentIdFor(name, 0));
    const places = likely === undefined ? [] : [likely];
    for (const place of places.concat(this.#store.experimentDirectories())) {
      const experiment = skipDamaged(() => this.read(place));
      if (experiment?.name === name) return experiment;
    }
    return undefined;
  }

  /** All that can be read. */
  all(): Experiment[] {
    return this.#store.experimentDirectories().flatMap((place) => {
      const experiment = skipDamaged(() => {
        const found = this.read(place);
        if (found === undefined) throw damaged(join(place, META_FILE), "is missing");
        return found;
      });
      return experiment ?? [];
    });
  }

  /** Gives an active experiment another name. */
  rename(experimentId: string, name: string): void {
    const place = this.#findActive(experimentId);
    const owner = this.findByName(name);
    if (owner !== undefined) throw experimentNameTaken(owner);
    this.change(place, { name, last_update_time: Date.now() });
  }

  setTag(experimentId: string, { key, value }: Tag): void {
    const tags = this.#tagsOf(this.#findActive(experimentId));
    guarded("write", join(tags.directory, key), () => setText(tags, key, value));
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  deleteTag(experimentId: string, key: string): void {
    deleteText(this.#tagsOf(this.#findActive(experimentId)), key);
  }

  /** Changes some fields of the meta.yaml. */
  change(place: string, changes: Readonly<Record<string, MetaValue>>): void {
    const path = join(place, META_FILE);
    const meta = Meta.read(this.#store.containment, path);
    if (meta === undefined) throw damaged(path, "is missing");
    guarded("update", path, () => replaceFile(place, path, meta.with(changes)));
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST`, `INVALID_STATE` */
  #findActive(experimentId: string): string {
    if (this.get(experimentId).lifecycleStage === "deleted") throw experimentDeleted(experimentId);
    return join(this.#store.directory, experimentId);
  }

  #tagsOf(place: string): TextPlace {
    return { containment: this.#store.containment, root: place, directory: join(place, TAGS_DIRECTORY) };
  }

  /** `undefined` where there is no meta.yaml: somebody is about to create the experiment. */
  read(place: string): Experiment | undefined {
    const path = join(place, META_FILE);
    const meta = Meta.read(this.#store.containment, path);
    if (meta === undefined) return undefined;
    const name = meta.text("name");
    const id = meta.text("experiment_id");
    const lifecycleStage = meta.text("lifecycle_stage");
    if (name === undefined || id === undefined) throw damaged(path, "has no name or no experiment_id");
    if (basename(place) !== id) throw damaged(path, `says it is experiment ${id}, in the directory of another`);
    const creationTime = meta.integer("creation_time");
    const lastUpdateTime = meta.integer("last_update_time");
    return {
      id,
      name,
      artifactLocation: meta.text("artifact_location") ?? pathToFileURL(place).href,
      lifecycleStage: lifecycleStage === "deleted" ? "deleted" : "active",
      ...(creationTime === undefined ? {} : { creationTime }),
      ...(lastUpdateTime === undefined ? {} : { lastUpdateTime }),
      tags: readTexts(this.#store.containment, "tag", join(place, TAGS_DIRECTORY)),
    };
  }
}

function timesNow() {
  const now = Date.now();
  return { creation_time: now, last_update_time: now };
}
