import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCodeOf } from "../base/errors.ts";
import { storageError } from "../disk/storage-errors.ts";

/** Disks put several files on stable storage in the time of one. */
const PARALLEL_SYNCS = 16;

/** Remembers what was written below a directory since it was last put on stable storage. */
export class Durability {
  readonly #top: string;
  #paths = new Set<string>();

  constructor(top: string) {
    this.#top = top;
  }

  note(path: string): void {
    this.#paths.add(path);
  }

  /** Puts everything noted on stable storage, and the directories that name it. After a failure all of it is still noted. */
  async sync(): Promise<void> {
    const paths = this.#paths;
    this.#paths = new Set();
    try {
      const files = [...paths];
      for (let from = 0; from < files.length; from += PARALLEL_SYNCS)
        await Promise.all(files.slice(from, from + PARALLEL_SYNCS).map(syncFile));
      for (const directory of this.#directoriesOf(paths)) await syncDirectory(directory);
    } catch (error) {
      for (const path of paths) this.#paths.add(path);
      throw error;
    }
  }

  #directoriesOf(paths: ReadonlySet<string>): ReadonlySet<string> {
    const directories = new Set<string>();
    for (const path of paths) {
      for (let directory = dirname(path); !directories.has(directory); directory = dirname(directory)) {
        directories.add(directory);
        if (directory.length <= this.#top.length) break;
      }
    }
    return directories;
  }
}

async function syncFile(path: string): Promise<void> {
  try {
    await using file = await open(path, "r+");
    await file.datasync();
  } catch (error) {
    throw storageError("sync", path, error);
  }
}

/** Windows and some network disks cannot sync a directory. */
const NO_DIRECTORY_SYNC: ReadonlySet<string> = new Set(["EISDIR", "EPERM", "EINVAL", "EBADF", "ENOTSUP"]);

async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, "r");
    await directory.sync();
  } catch (error) {
    if (!NO_DIRECTORY_SYNC.has(systemCodeOf(error) ?? "")) throw storageError("sync", path, error);
  }
}
