import { closeSync, constants, linkSync, mkdirSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemCodeOf } from "../base/errors.ts";
import { temporaryName } from "./temporary-name.ts";

/** Writes every byte; a disk that takes only some of them says why at the next call. */
export function writeFully(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done, bytes.length - done);
}

/** What a file is to hold: a text, or pieces that are too many to be one. */
type Content = string | Iterable<Uint8Array>;

/** Writes a finished file under a temporary name in `directory` and answers its path. Removed again where that fails. */
function writeTemporary(directory: string, content: Content): string {
  const path = join(directory, temporaryName());
  const descriptor = openSync(path, "wx");
  try {
    try {
      const pieces = typeof content === "string" ? [Buffer.from(content)] : content;
      for (const piece of pieces) writeFully(descriptor, piece);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    removeFile(path);
    throw error;
  }
  return path;
}

/** Removes a file of ours; what cannot be removed must not hide the error that made it useless. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made, or the directory is gone.
  }
}

/** Puts a file in place of whatever file is there: readers see the old one or the new one. */
export function replaceFile(directory: string, target: string, content: Content): void {
  const temporary = writeTemporary(directory, content);
  try {
    renameSync(temporary, target);
  } catch (error) {
    removeFile(temporary);
    throw error;
  }
}

/** Puts a finished file where none is; answers false where one already was. Never seen empty or half. */
export function createFile(directory: string, target: string, text: string): boolean {
  const temporary = writeTemporary(directory, text);
  try {
    return linkFile(temporary, target) ?? createInPlace(target, text);
  } finally {
    removeFile(temporary);
  }
}

/** File systems without hard links answer one of these. EPERM is also a plain refusal, which the next attempt meets again. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** Links a finished file into its place: false where something is there, `undefined` where there are no links here. */
export function linkFile(temporary: string, target: string): boolean | undefined {
  try {
    linkSync(temporary, target);
    return true;
  } catch (error) {
    const code = systemCodeOf(error) ?? "";
    if (code === "EEXIST") return false;
    if (NO_LINKS.has(code)) return undefined;
    throw error;
  }
}

/** The best there is without hard links: exclusive, but seen empty for a moment. */
function createInPlace(target: string, text: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o666);
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") return false;
    throw error;
  }
  try {
    writeFully(descriptor, Buffer.from(text));
  } catch (error) {
    removeFile(target);
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return true;
}

/** Makes one directory; one that is there already is fine. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCodeOf(error) !== "EEXIST") throw error;
  }
}
