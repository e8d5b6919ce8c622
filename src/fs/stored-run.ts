import { readdirSync } from "node:fs";
import { type KeyKind, keyProblem } from "../base/key-rules.ts";
import { damaged } from "../disk/storage-errors.ts";
import type { Metric } from "../schema/metric.ts";
import type { RunEntity } from "../schema/run.ts";
import { runAttribute, searchableDatasets } from "../search/entities.ts";
import type { Searchable, SearchableDataset } from "../search/searchable.ts";
import type { Containment } from "./containment.ts";
import { type DirectoryEntry, keyFilesBelow, listKnownDirectory } from "./key-files.ts";
import {
  INPUTS_DIRECTORY,
  META_FILE,
  METRICS_DIRECTORY,
  OUTPUTS_DIRECTORY,
  PARAMS_DIRECTORY,
  TAGS_DIRECTORY,
} from "./layout.ts";
import type { Memory } from "./memory.ts";
import { Meta } from "./meta-yaml.ts";
import { latestIn } from "./metric-history.ts";
import { readShortText, textOf } from "./read-text.ts";
import { exchangedMetrics } from "./rewind-place.ts";
import { type RunInfo, readRunInfo, runInfo } from "./run-files.ts";
import { type Inputs, RunInputs } from "./run-inputs.ts";
import { RunOutputs } from "./run-outputs.ts";
import { skipDamaged } from "./store-files.ts";

const DIRECTORIES: Readonly<Record<KeyKind, string>> = {
  metric: METRICS_DIRECTORY,
  param: PARAMS_DIRECTORY,
  tag: TAGS_DIRECTORY,
};

/**
 * A run in its directory. Only what is asked for is read, one file for a key, and only what has changed is read again: a search looks
 * at three values of ten thousand runs.
 */
export class StoredRun implements Searchable {
  readonly #containment: Containment;
  readonly #place: string;
  readonly #memory: Memory;

  constructor(containment: Containment, place: string, memory: Memory) {
    this.#containment = containment;
    this.#place = place;
    this.#memory = memory;
  }

  /** What its meta.yaml says. @throws {TidemarkError} `DATA_DAMAGED` */
  get info(): RunInfo {
    const path = `${this.#place}/${META_FILE}`;
    const info = this.#memory.readFile(path, (descriptor, size) => {
      const text = textOf(descriptor, path, size);
      // Python empties the file before it writes it again: that is waited for where the file is read by itself.
      return text === "" ? readRunInfo(this.#containment, this.#place) : runInfo(Meta.parse(path, text), this.#place);
    });
    if (info === undefined) throw damaged(path, "is missing");
    return info;
  }

  attribute(name: string): string | number | undefined {
    return runAttribute(this.info, name);
  }

  metric(key: string): number | undefined {
    return this.#value("metric", key, (path) => this.#latest(path, key))?.value;
  }

  param(key: string): string | undefined {
    return this.#value("param", key, (path) => this.#text(path));
  }

  tag(key: string): string | undefined {
    return this.#value("tag", key, (path) => this.#text(path));
  }

  datasets(): SearchableDataset[] {
    return searchableDatasets(this.#inputs().datasets);
  }

  /** All of it but the histories. @throws {TidemarkError} `DATA_DAMAGED` */
  entity(): RunEntity {
    const { info } = this;
    // Copies: what is remembered is not the caller's to change.
    const latestMetrics = this.#all("metric", (path, key) => this.#latest(path, key)).map(([, metric]) => ({
      ...metric,
    }));
    const inputs = this.#inputs();
    return {
      ...info,
      params: this.#params(),
      tags: Object.fromEntries(this.#all("tag", (path) => this.#text(path))),
      metrics: Object.fromEntries(latestMetrics.map(({ key, value }) => [key, value])),
      latestMetrics,
      inputs: inputs.datasets,
      modelInputs: inputs.models,
      modelOutputs: this.#has(OUTPUTS_DIRECTORY) ? new RunOutputs(this.#containment, this.#place).read() : [],
    };
  }

  /** A param never changes once it has a text: a directory of nothing but such files needs only itself to be compared. */
  #params(): Record<string, string> {
    const directory = `${this.#place}/${PARAMS_DIRECTORY}`;
    if (!this.#has(PARAMS_DIRECTORY)) return {};
    const simple = this.#memory.readDirectory(directory, (path) => this.#simpleParams(path), "simple params");
    return { ...(simple ?? Object.fromEntries(this.#all("param", (path) => this.#text(path)))) };
  }

  /** `undefined` where there is more than files with texts, which may still be written. */
  #simpleParams(directory: string): Record<string, string> | undefined {
    const texts: [string, string][] = [];
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (!entry.isFile() || keyProblem(entry.name) !== undefined) return undefined;
      const path = `${directory}/${entry.name}`;
      const text = this.#memory.peek<string>(path) ?? readShortText(path);
      if (text === undefined || text === "") return undefined;
      texts.push([entry.name, text]);
    }
    return Object.fromEntries(sortedByKey(texts));
  }

  /** The key comes from an expression: it may be anything, and lead anywhere. */
  #value<T>(kind: KeyKind, key: string, read: (path: string) => T | undefined): T | undefined {
    if (keyProblem(key) !== undefined) return undefined;
    let path = this.#directoryOf(kind);
    if (path === undefined) return undefined;
    const [first, ...parts] = key.split("/");
    path += `/${first}`;
    for (const part of parts) {
      if (!this.#memory.hasDirectory(path)) return undefined;
      path += `/${part}`;
    }
    return read(path);
  }

  #all<T>(kind: KeyKind, read: (path: string, key: string) => T | undefined): [string, T][] {
    const values: [string, T][] = [];
    const directory = this.#directoryOf(kind);
    if (directory === undefined) return values;
    for (const { key, path } of keyFilesBelow(kind, directory, (at) => this.#list(at))) {
      const value = read(path, key);
      if (value !== undefined) values.push([key, value]);
    }
    return sortedByKey(values);
  }

  /** `undefined` where there is none. */
  #directoryOf(kind: KeyKind): string | undefined {
    const directory = `${this.#place}/${DIRECTORIES[kind]}`;
    if (this.#memory.hasDirectory(directory)) return directory;
    if (kind !== "metric") return undefined;
    // In the middle of a rewind, which has ended meanwhile where this one is missing too.
    const exchanged = exchangedMetrics(this.#place);
    if (this.#memory.hasDirectory(exchanged)) return exchanged;
    this.#memory.lookAgain();
    return this.#memory.hasDirectory(directory) ? directory : undefined;
  }

  #has(directory: string): boolean {
    return this.#memory.hasDirectory(`${this.#place}/${directory}`);
  }

  #list(directory: string): readonly DirectoryEntry[] {
    return this.#memory.readDirectory(directory, (path) => listKnownDirectory(this.#containment, path)) ?? [];
  }

  #text(path: string): string | undefined {
    return skipDamaged(() => this.#memory.readFile(path, (descriptor, size) => textOf(descriptor, path, size)));
  }

  #latest(path: string, key: string): Metric | undefined {
    return skipDamaged(() => this.#memory.readFile(path, (descriptor) => latestIn(descriptor, path, key)));
  }

  #inputs(): Inputs {
    if (!this.#has(INPUTS_DIRECTORY)) return { datasets: [], models: [] };
    return new RunInputs(this.#containment, this.#place).read();
  }
}

const sortedByKey = <T>(values: [string, T][]): [string, T][] => values.sort(([a], [b]) => (a < b ? -1 : 1));
