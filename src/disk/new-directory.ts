import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCodeOf, TidemarkError } from "../base/errors.ts";
import { storageError } from "./storage-errors.ts";
import { temporaryName } from "./temporary-name.ts";

/** What may be in the place of a new directory. */
export interface NewDirectoryOptions {
  /**
   * A directory with a file of this name gives way. Default: none does that holds anything. Whoever mistypes a path must not lose what is
   * there, so nothing else ever gives way.
   */
  readonly replaces?: string | undefined;
}

/**
 * Fills a directory under a temporary name beside its place, and puts it there when it is whole. After an error nothing of it is left, and
 * what was there before still is.
 *
 * @param target - Absolute. Its parents are made.
 * @param fill - Writes into the directory it is given; its answer is passed on.
 * @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` where the place is taken; the codes of storage; what `fill` throws
 */
export async function newDirectory<T>(
  target: string,
  { replaces }: NewDirectoryOptions,
  fill: (directory: string) => Promise<T>,
): Promise<T> {
  await refuseTaken(target, replaces);
  const parent = dirname(target);
  const temporary = join(parent, temporaryName());
  const firstMade = await stored("write", target, () => mkdir(parent, { recursive: true }));
  try {
    await stored("write", target, () => mkdir(temporary));
    const answer = await fill(temporary);
    await putInPlace(temporary, target, replaces);
    return answer;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    await removeMade(parent, firstMade);
    throw error;
  }
}

async function refuseTaken(target: string, replaces: string | undefined): Promise<void> {
  const names = await namesIn(target);
  if (names.length === 0 || (replaces !== undefined && names.includes(replaces))) return;
  throw taken(target, replaces === undefined ? NOT_EMPTY : `is there already, and holds no ${replaces}`);
}

/** What is in the place; nothing where no directory is. */
async function namesIn(target: string): Promise<string[]> {
  try {
    return await readdir(target);
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return [];
    if (systemCodeOf(error) === "ENOTDIR") throw taken(target, "is no directory");
    throw storageError("read", target, error);
  }
}

const NOT_EMPTY = "is there already, and not empty; `overwrite: true` replaces it";
const TAKEN: ReadonlySet<string> = new Set(["ENOTEMPTY", "EEXIST", "ENOTDIR"]);

const taken = (target: string, problem: string): TidemarkError =>
  new TidemarkError("RESOURCE_ALREADY_EXISTS", `${target} ${problem}`, { details: { path: target } });

async function putInPlace(directory: string, target: string, replaces: string | undefined): Promise<void> {
  // An empty directory gives way; one that has been filled meanwhile stays.
  await rmdir(target).catch(() => {});
  if (replaces === undefined) {
    await rename(directory, target).catch((error) => {
      throw TAKEN.has(systemCodeOf(error) ?? "") ? taken(target, NOT_EMPTY) : storageError("write", target, error);
    });
    return;
  }
  const old = join(dirname(target), temporaryName());
  const hadOne = await stored("replace", target, () => renameIfThere(target, old));
  try {
    await stored("write", target, () => rename(directory, target));
  } catch (error) {
    if (hadOne) await rename(old, target).catch(() => {});
    throw error;
  }
  // The new one is there, whatever becomes of the old one.
  if (hadOne) await rm(old, { recursive: true, force: true }).catch(() => {});
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Takes parents away again that were made for nothing, as long as nobody else has put anything there. */
async function removeMade(parent: string, firstMade: string | undefined): Promise<void> {
  if (firstMade === undefined) return;
  for (let path = parent; path.length >= firstMade.length; path = dirname(path)) {
    const isGone = await rmdir(path).then(
      () => true,
      () => false,
    );
    if (!isGone) return;
  }
}

async function stored<T>(action: string, path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw storageError(action, path, error);
  }
}
