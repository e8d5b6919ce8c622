import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isMissing, storageError } from "../../disk/storage-errors.ts";
import { temporaryName } from "../../disk/temporary-name.ts";

/**
 * Deletes a directory, or a link to one, which stays what it leads to. It gets a temporary name first: from then on it is gone for everybody, and what is left
 * after a crash is garbage. Under that name it is looked at once more, so that whoever restored it in the last moment has it back.
 *
 * @param beside - A directory on the same disk.
 * @param isStill - Whether it is still what was to be deleted.
 * @param before - What has to go before it.
 * @returns false where it was not there, or is back
 */
export function takeAway(
  beside: string,
  place: string,
  isStill: (directory: string) => boolean,
  before: (directory: string) => void = () => {},
): boolean {
  const temporary = join(beside, temporaryName());
  try {
    renameSync(place, temporary);
    let goes = false;
    try {
      goes = isStill(temporary);
    } finally {
      if (!goes) renameSync(temporary, place);
    }
    if (!goes) return false;
    before(temporary);
    rmSync(temporary, { recursive: true, force: true });
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw storageError("delete", place, error);
  }
}
