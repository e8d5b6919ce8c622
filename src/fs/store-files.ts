import { statSync } from "node:fs";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { warnOnce } from "../base/diagnostics.ts";
import { TidemarkError } from "../base/errors.ts";
import { noSuchRun } from "../base/store-errors.ts";
import { isMissing, storageError } from "../disk/storage-errors.ts";
import { Containment } from "./containment.ts";
import { DescriptorCache } from "./descriptor-cache.ts";
import { entriesOf, typeOf } from "./key-files.ts";
import { isId, MODELS_DIRECTORY, RESERVED_IN_EXPERIMENT, TRASH_DIRECTORY } from "./layout.ts";

/** Where the experiments and runs of one store are. Knows directories, not what is in their files. */
export class StoreFiles {
  /** Absolute. */
  readonly directory: string;
  readonly uri: string;
  readonly containment: Containment;
  readonly descriptors = new DescriptorCache();
  /** Runs stay in the experiment they were created in, so a place once found only has to be looked at again. */
  readonly #runPlaces = new Map<string, string>();
  /** How many writers a run has, by its directory. */
  readonly #writers = new Map<string, number>();

  /** @param directory - Absolute. */
  constructor(directory: string) {
    this.directory = directory;
    this.uri = pathToFileURL(directory).href;
    this.containment = new Containment(directory);
  }

  /** Where experiments in use are, then where deleted ones are. */
  get #shelves(): readonly string[] {
    return [this.directory, join(this.directory, TRASH_DIRECTORY)];
  }

  /** The directories of all experiments, in no order. */
  experimentDirectories(): string[] {
    return this.#shelves.flatMap((shelf) =>
      // Registered models lie beside the experiments.
      this.#idsIn(shelf, (name) => name !== MODELS_DIRECTORY).map((id) => join(shelf, id)),
    );
  }

  /** The directory of an experiment, in use or deleted. */
  findExperiment(experimentId: string): string | undefined {
    if (!isId(experimentId)) return undefined;
    return this.#shelves.map((shelf) => join(shelf, experimentId)).find((path) => this.isDirectory(path));
  }

  /** A path below an experiment: that in the trash, where the experiment is there. */
  whereItLies(path: string): string {
    const [experimentId = "", ...rest] = path.slice(this.directory.length + 1).split(sep);
    const directory = this.findExperiment(experimentId);
    return directory === undefined ? path : join(directory, ...rest);
  }

  /** Ids of the runs in an experiment's directory. */
  runIds(experimentDirectory: string): string[] {
    return this.#idsIn(experimentDirectory, (name) => !RESERVED_IN_EXPERIMENT.has(name));
  }

  /** Ids of the logged models in an experiment's directory of them. */
  modelIds(modelsDirectory: string): string[] {
    return this.#idsIn(modelsDirectory, () => true);
  }

  /** Takes note of a writer of this process. The answered function takes it back, once. */
  noteWriter(place: string): () => void {
    this.#writers.set(place, (this.#writers.get(place) ?? 0) + 1);
    let isNoted = true;
    return () => {
      if (!isNoted) return;
      isNoted = false;
      const rest = (this.#writers.get(place) ?? 1) - 1;
      if (rest > 0) this.#writers.set(place, rest);
      else this.#writers.delete(place);
    };
  }

  /** Whether this process may still write values to a run. */
  isOpen(place: string): boolean {
    return this.#writers.has(place);
  }

  /** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` */
  findRun(runId: string): string {
    const place = this.placeOfRun(runId);
    if (place === undefined) throw noSuchRun(runId, this.directory);
    return place;
  }

  /** The same; `undefined` where there is no such run. */
  placeOfRun(runId: string): string | undefined {
    const known = this.#runPlaces.get(runId);
    if (known !== undefined && this.isDirectory(known)) return known;
    const place = isId(runId)
      ? this.experimentDirectories()
          .map((experiment) => join(experiment, runId))
          .find((path) => this.isDirectory(path))
      : undefined;
    if (place !== undefined) this.rememberRun(runId, place);
    return place;
  }

  rememberRun(runId: string, directory: string): void {
    this.#runPlaces.set(runId, directory);
  }

  /** True for a directory that is there and does not lead out of the store. */
  isDirectory(path: string): boolean {
    try {
      return statSync(path).isDirectory() && this.containment.admits(path);
    } catch (error) {
      if (isMissing(error)) return false;
      throw storageError("read", path, error);
    }
  }

  #idsIn(directory: string, isWanted: (name: string) => boolean): string[] {
    const ids: string[] = [];
    for (const entry of entriesOf(this.containment, directory)) {
      const path = join(directory, entry.name);
      if (isId(entry.name) && isWanted(entry.name) && typeOf(this.containment, path, entry) === "directory") {
        ids.push(entry.name);
      }
    }
    return ids;
  }
}

/** Runs a read of one entity among many: what is damaged is said with its path and skipped. */
export function skipDamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TidemarkError) || error.code !== "DATA_DAMAGED") throw error;
    warnOnce(`damaged:${error.message}`, `${error.message}; skipped`);
    return undefined;
  }
}
