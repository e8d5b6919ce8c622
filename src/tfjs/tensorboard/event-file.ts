import { mkdirSync, openSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { systemCodeOf } from "../../base/errors.ts";
import { guarded } from "../../disk/storage-errors.ts";
import { isAllowed } from "../../tracking/environment/deno-permissions.ts";

/** A file that nobody else writes to. */
export interface EventFile {
  readonly path: string;
  /** Open for appending. */
  readonly descriptor: number;
}

/**
 * Makes a new event file under the name that TensorBoard looks for, `events.out.tfevents.<seconds>.<host>.<pid>.<n>`, and the
 * directory where it is missing.
 *
 * @param wallTimeS - Seconds since 1970. Readers take the files of a directory in the order of their names.
 * @throws TidemarkError `STORAGE_…` when the directory or the file cannot be made
 */
export function createEventFile(directory: string, wallTimeS: number): EventFile {
  guarded("make", directory, () => mkdirSync(directory, { recursive: true }));
  const seconds = String(Math.floor(wallTimeS)).padStart(10, "0");
  const start = join(directory, `events.out.tfevents.${seconds}.${hostInName()}.${process.pid}`);
  // Threads and containers may share host and process id: the name is free when the file could be made.
  for (let n = 0; ; n++) {
    const path = `${start}.${n}`;
    const descriptor = guarded("make", path, () => openIfNew(path));
    if (descriptor !== undefined) return { path, descriptor };
  }
}

function openIfNew(path: string): number | undefined {
  try {
    return openSync(path, "ax");
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") return undefined;
    throw error;
  }
}

/** The name of the machine is there for people only. */
function hostInName(): string {
  const host = isAllowed({ name: "sys" }) ? hostname() : "";
  return host.replace(/[^\w.-]/g, "_") || "localhost";
}
