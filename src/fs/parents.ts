import { dirname } from "node:path";
import { systemCodeOf } from "../base/errors.ts";
import { makeDirectory } from "../disk/atomic-file.ts";
import type { Containment } from "./containment.ts";

/**
 * Makes the directories between `root` and a file below it, but never `root` itself: a store that was deleted is not brought
 * back to life by a value that arrives late.
 */
export function makeParents(inside: Containment, root: string, file: string): void {
  const missing: string[] = [];
  for (let path = dirname(file); path.length > root.length; path = dirname(path)) missing.push(path);
  for (const path of missing.reverse()) {
    makeDirectory(path);
    inside.check(path);
  }
}

/** Runs a write, and where its directories are missing once more after making them below `root`. */
export function withParents<T>(inside: Containment, root: string, file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    if (systemCodeOf(error) !== "ENOENT" || dirname(file) === root) throw error;
    makeParents(inside, root, file);
    return write();
  }
}
