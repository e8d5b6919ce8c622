import { existsSync } from "node:fs";
import { join } from "node:path";
import { type KeyKind, keyProblem } from "../base/key-rules.ts";
import { runAttribute, searchableDatasets } from "../search/entities.ts";
import type { Searchable, SearchableDataset } from "../search/searchable.ts";
import { METRICS_DIRECTORY, PARAMS_DIRECTORY, TAGS_DIRECTORY } from "./layout.ts";
import { readLatest } from "./metric-history.ts";
import { readText } from "./read-text.ts";
import type { RunInfo } from "./run-files.ts";
import { RunInputs } from "./run-inputs.ts";
import { type StoreFiles, skipDamaged } from "./store-files.ts";

const DIRECTORIES: Readonly<Record<KeyKind, string>> = {
  metric: METRICS_DIRECTORY,
  param: PARAMS_DIRECTORY,
  tag: TAGS_DIRECTORY,
};

/** A run of which only that is read which a search asks for: one file for a key, instead of all files of the run. */
export class SearchedRun implements Searchable {
  readonly info: RunInfo;
  readonly place: string;
  readonly #store: StoreFiles;

  constructor(store: StoreFiles, place: string, info: RunInfo) {
    this.#store = store;
    this.place = place;
    this.info = info;
  }

  attribute(name: string): string | number | undefined {
    return runAttribute(this.info, name);
  }

  metric(key: string): number | undefined {
    return this.#read("metric", key, (path) => readLatest(path, key)?.value);
  }

  param(key: string): string | undefined {
    return this.#read("param", key, (path) => readText(this.#store.containment, path));
  }

  tag(key: string): string | undefined {
    return this.#read("tag", key, (path) => readText(this.#store.containment, path));
  }

  datasets(): SearchableDataset[] {
    return searchableDatasets(new RunInputs(this.#store.containment, this.place).read());
  }

  /** The key comes from an expression: it may be anything. */
  #read<T>(kind: KeyKind, key: string, read: (path: string) => T | undefined): T | undefined {
    if (keyProblem(key) !== undefined) return undefined;
    const path = join(this.place, DIRECTORIES[kind], key);
    if (!existsSync(path) || !this.#store.containment.admits(path)) return undefined;
    return skipDamaged(() => read(path));
  }
}
