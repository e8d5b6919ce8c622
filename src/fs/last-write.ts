import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Beyond, what is left of a run's files is not looked at: they are artifacts, and the directories near the top tell of new ones. */
const MOST_ENTRIES = 20_000;

/**
 * The newest time of modification of a directory and all below it, in milliseconds since 1970; 0 where it is missing. Links are not
 * followed. What comes or goes meanwhile is left out.
 */
export function lastWriteBelow(directory: string): number {
  let newest = 0;
  let entries = 0;
  // In the order they were found, so that what is near the top comes first.
  const directories = [directory];
  for (const place of directories) {
    newest = Math.max(newest, modified(place));
    for (const entry of childrenOf(place)) {
      if (++entries > MOST_ENTRIES) return newest;
      const path = join(place, entry.name);
      if (entry.isDirectory()) directories.push(path);
      else newest = Math.max(newest, modified(path));
    }
  }
  return newest;
}

function modified(path: string): number {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  } catch {
    return 0;
  }
}

function childrenOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
