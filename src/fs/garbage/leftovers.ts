import { existsSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { isTemporaryName } from "../../disk/temporary-name.ts";
import {
  ARTIFACTS_DIRECTORY,
  INPUTS_DIRECTORY,
  META_FILE,
  METRICS_DIRECTORY,
  MODELS_DIRECTORY,
  OUTPUTS_DIRECTORY,
  PARAMS_DIRECTORY,
  TAGS_DIRECTORY,
} from "../layout.ts";
import type { StoreFiles } from "../store-files.ts";
import { childrenOf, measure, pathsBelow } from "./measure.ts";

/** What nobody has deleted, and nobody will look for. */
export interface Leftover {
  readonly kind: "orphan" | "temporary";
  /** Below the store, with forward slashes. */
  readonly path: string;
  readonly since: number;
  readonly bytes: number;
}

/** Ids as MLflow and Tidemark make them: a directory with another name may be anything. */
const MADE_ID = /^(?:m-)?[0-9a-f]{32}$/;

/** All that a run or a model has beside its meta.yaml. */
const PARTS: ReadonlySet<string> = new Set([
  ARTIFACTS_DIRECTORY,
  METRICS_DIRECTORY,
  PARAMS_DIRECTORY,
  TAGS_DIRECTORY,
  INPUTS_DIRECTORY,
  OUTPUTS_DIRECTORY,
]);

/** Finds what was written last before a time: half made files and directories, and what is left of runs and models that are not there. */
export function* leftovers(store: StoreFiles, before: number): Generator<Leftover> {
  const { directory } = store;
  const found = (kind: Leftover["kind"], place: string): Leftover | undefined => {
    const { newest, bytes } = measure(place);
    if (newest >= before) return undefined;
    return { kind, path: relative(directory, place).replaceAll(sep, "/"), since: newest, bytes };
  };
  for (const { name } of childrenOf(directory)) {
    for (const path of pathsBelow(join(directory, name), (place) => !isTemporary(place))) {
      const leftover = isTemporary(path) ? found("temporary", path) : undefined;
      if (leftover !== undefined) yield leftover;
    }
  }
  for (const experiment of store.experimentDirectories()) {
    if (!existsSync(join(experiment, META_FILE))) continue;
    for (const shelf of [experiment, join(experiment, MODELS_DIRECTORY)]) {
      for (const { name } of childrenOf(shelf)) {
        const leftover = isOrphan(join(shelf, name)) ? found("orphan", join(shelf, name)) : undefined;
        if (leftover !== undefined) yield leftover;
      }
    }
  }
}

const isTemporary = (path: string): boolean => isTemporaryName(basename(path));

/** True for a directory with the name of a run or model, and nothing in it but parts of one, without the file that makes it one. */
export function isOrphan(place: string): boolean {
  if (!MADE_ID.test(basename(place)) || existsSync(join(place, META_FILE))) return false;
  const children = childrenOf(place);
  return children.length > 0 && children.every((entry) => entry.isDirectory() && PARTS.has(entry.name));
}
