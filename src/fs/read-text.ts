import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, type Stats } from "node:fs";
import { systemCodeOf, TidemarkError } from "../base/errors.ts";
import { damaged, isMissing, storageError } from "../disk/storage-errors.ts";
import type { Containment } from "./containment.ts";

// A link is looked at before it is followed, and a pipe that lies where a file belongs must not block.
const { O_RDONLY, O_NOFOLLOW } = constants;
const FOLLOW = O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** No file of texts comes near: the profile of a dataset, the longest of them, has 16 MiB at most. */
const MOST_BYTES = 128 * 1024 * 1024;

const UNREADABLE: ReadonlySet<string> = new Set(["EACCES", "EPERM", "ELOOP", "EISDIR", "ENXIO"]);

/**
 * Reads a text file that ought to be one of the store's; `undefined` where there is none.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` where something else is in its place
 */
export function readText(containment: Containment, path: string): string | undefined {
  return withFile(containment, path, (descriptor, facts) => {
    if (!facts.isFile()) throw damaged(path, "is not a file");
    return textOf(descriptor, path, facts.size);
  });
}

/**
 * Opens what ought to be a file of the store, with links looked at before they are followed; `undefined` where there is none.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` where it cannot be opened for what it is
 */
export function withFile<T>(
  containment: Containment,
  path: string,
  read: (descriptor: number, facts: Stats) => T,
): T | undefined {
  try {
    const descriptor = open(containment, path);
    try {
      return read(descriptor, fstatSync(descriptor));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    if (isMissing(error)) return undefined;
    const coded = storageError("read", path, error);
    throw UNREADABLE.has(systemCodeOf(error) ?? "") ? damaged(path, "cannot be read", coded) : coded;
  }
}

// Nearly all texts are short: one place for all of them costs less than one for each.
const shortText = Buffer.allocUnsafe(65_536);

/**
 * The text of what was just seen to be a file, with as few calls as it takes; `undefined` where that is not so any more, or it is
 * a long text.
 */
export function readShortText(path: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, FOLLOW | (O_NOFOLLOW ?? 0));
    const length = readSync(descriptor, shortText, 0, shortText.length, 0);
    return length < shortText.length ? shortText.toString("utf8", 0, length) : undefined;
  } catch {
    // Whoever reads it in full says what is wrong.
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** The text in an open file, of the size it was found to have. */
export function textOf(descriptor: number, path: string, size: number): string {
  if (size > MOST_BYTES) throw damaged(path, `has ${size} bytes`);
  if (size >= shortText.length) return readFileSync(descriptor, "utf8");
  return shortText.toString("utf8", 0, readSync(descriptor, shortText, 0, shortText.length, 0));
}

function open(containment: Containment, path: string): number {
  try {
    if (O_NOFOLLOW !== undefined) return openSync(path, FOLLOW | O_NOFOLLOW);
  } catch (error) {
    if (systemCodeOf(error) !== "ELOOP") throw error;
  }
  if (!containment.holds(path)) throw damaged(path, `is a link that leads out of ${containment.directory}`);
  return openSync(path, FOLLOW);
}
