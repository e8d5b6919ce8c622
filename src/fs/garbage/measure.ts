import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A directory and all below it. */
export interface Measured {
  readonly bytes: number;
  /** When the newest of it was written: milliseconds since 1970. */
  readonly newest: number;
}

/** Measures a file or a directory. Links are not followed; what goes meanwhile is left out. */
export function measure(place: string): Measured {
  let bytes = 0;
  let newest = 0;
  for (const path of pathsBelow(place)) {
    const facts = factsOf(path);
    if (facts === undefined) continue;
    newest = Math.max(newest, facts.mtimeMs);
    if (facts.isFile()) bytes += facts.size;
  }
  return { bytes, newest };
}

/**
 * A path and all below it, in no order but that a directory comes before what is in it.
 *
 * @param enters - Whether to look into a directory.
 */
export function* pathsBelow(place: string, enters: (directory: string) => boolean = () => true): Generator<string> {
  yield place;
  if (factsOf(place)?.isDirectory() !== true) return;
  const directories = enters(place) ? [place] : [];
  for (const directory of directories) {
    for (const entry of childrenOf(directory)) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && enters(path)) directories.push(path);
      yield path;
    }
  }
}

/** What is in a directory; nothing where it cannot be read. */
export function childrenOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

function factsOf(path: string) {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
