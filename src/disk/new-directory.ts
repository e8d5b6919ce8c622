import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { TidemarkError } from "../base/errors.ts";
import { isMissing, storageError } from "./storage-errors.ts";
import { temporaryName } from "./temporary-name.ts";

/**
 * Fills a directory under a temporary name beside its place, and puts it there when it is whole. After an error nothing of it is left, and
 * what was there before still is.
 *
 * @param target - Absolute. Its parents are made.
 * @param fill - Writes into the directory it is given; its answer is passed on.
 * @throws {TidemarkError} `RESOURCE_ALREADY_EXISTS` where the place is taken and `overwrite` is false; the codes of storage; what `fill` throws
 */
export async function newDirectory<T>(
  target: string,
  { overwrite }: { readonly overwrite: boolean },
  fill: (directory: string) => Promise<T>,
): Promise<T> {
  if (!overwrite && (await isTaken(target))) {
    const message = `${target} is there already, and not empty; \`overwrite: true\` replaces it`;
    throw new TidemarkError("RESOURCE_ALREADY_EXISTS", message, { details: { path: target } });
  }
  const parent = dirname(target);
  const temporary = join(parent, temporaryName());
  try {
    await stored(target, async () => {
      await mkdir(parent, { recursive: true });
      await mkdir(temporary);
    });
    const answer = await fill(temporary);
    await stored(target, () => putInPlace(temporary, target, overwrite));
    return answer;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

async function stored(target: string, operation: () => Promise<void>): Promise<void> {
  try {
    await operation();
  } catch (error) {
    throw storageError("write", target, error);
  }
}

async function isTaken(target: string): Promise<boolean> {
  try {
    return (await readdir(target)).length > 0;
  } catch (error) {
    if (isMissing(error)) return false;
    throw storageError("read", target, error);
  }
}

async function putInPlace(directory: string, target: string, overwrite: boolean): Promise<void> {
  // An empty directory gives way by itself, where the platform lets it.
  if (!overwrite) {
    await rmdir(target).catch(() => {});
    await rename(directory, target);
    return;
  }
  const old = join(dirname(target), temporaryName());
  const hadOne = await rename(target, old).then(
    () => true,
    (error) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );
  try {
    await rename(directory, target);
  } catch (error) {
    if (hadOne) await rename(old, target).catch(() => {});
    throw error;
  }
  if (hadOne) await rm(old, { recursive: true, force: true });
}
