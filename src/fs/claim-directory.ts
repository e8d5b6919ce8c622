import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemCodeOf } from "../base/errors.ts";
import { temporaryName } from "../disk/temporary-name.ts";

/**
 * Prepares a directory beside its place and renames it, so that nobody ever sees half of it. Answers false where something is in
 * the place already.
 *
 * @param beside - An existing directory on the same disk, never made here: where the new one is prepared.
 */
export function claimDirectory(beside: string, place: string, fill: (directory: string) => void): boolean {
  const temporary = join(beside, temporaryName());
  try {
    mkdirSync(temporary);
    fill(temporary);
    renameSync(temporary, place);
    return true;
  } catch (error) {
    return refused(temporary, error);
  }
}

/** The same with a content that is waited for. */
export async function claimDirectoryFor(
  beside: string,
  place: string,
  fill: (directory: string) => Promise<void>,
): Promise<boolean> {
  const temporary = join(beside, temporaryName());
  try {
    mkdirSync(temporary);
    await fill(temporary);
    renameSync(temporary, place);
    return true;
  } catch (error) {
    return refused(temporary, error);
  }
}

function refused(temporary: string, error: unknown): false {
  rmSync(temporary, { recursive: true, force: true });
  // What a rename answers where the target is a directory with something in it, or a file.
  if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(systemCodeOf(error) ?? "")) return false;
  throw error;
}

/** Takes a directory away at once, whatever is in it: it is gone for everybody before the first file is removed. */
export function discardDirectory(beside: string, place: string): void {
  const temporary = join(beside, temporaryName());
  renameSync(place, temporary);
  rmSync(temporary, { recursive: true, force: true });
}
