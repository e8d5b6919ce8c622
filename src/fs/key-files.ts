import { type Dirent, lstatSync, readdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { warnOnce } from "../base/diagnostics.ts";
import { messageOf } from "../base/errors.ts";
import { checkKey, type KeyKind } from "../base/key-rules.ts";
import { relativePathProblem } from "../base/paths.ts";
import { noSuchTag, paramChanged } from "../base/store-errors.ts";
import { createFile, replaceFile } from "../disk/atomic-file.ts";
import { isMissing, storageError } from "../disk/storage-errors.ts";
import type { Containment } from "./containment.ts";
import { withParents } from "./parents.ts";

/** A file whose path below its directory is a key. */
export interface KeyFile {
  readonly key: string;
  readonly path: string;
}

/** What is in a directory, by name. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: "file" | "directory";
}

/** All keys below a directory. What is no readable file is said and skipped. */
export function keyFiles(containment: Containment, kind: KeyKind, directory: string): Generator<KeyFile> {
  return keyFilesBelow(kind, directory, (path) => listDirectory(containment, path));
}

/** The same over directories that the caller lists. */
export function* keyFilesBelow(
  kind: KeyKind,
  directory: string,
  list: (directory: string) => readonly DirectoryEntry[],
  prefix = "",
): Generator<KeyFile> {
  for (const { name, type } of list(directory)) {
    const path = `${directory}/${name}`;
    const key = prefix + name;
    if (type === "directory") yield* keyFilesBelow(kind, path, list, `${key}/`);
    else if (isKey(kind, key, path)) yield { key, path };
  }
}

/** The files and directories in a directory. What is neither, or leads out of the store, is said and skipped. */
export function listDirectory(containment: Containment, directory: string): DirectoryEntry[] {
  return typed(containment, directory, entriesOf(containment, directory));
}

/** The same for a directory that is known to be one, in the store. */
export function listKnownDirectory(containment: Containment, directory: string): DirectoryEntry[] {
  return typed(containment, directory, readdirSync(directory, { withFileTypes: true }));
}

const typed = (containment: Containment, directory: string, entries: readonly Dirent[]): DirectoryEntry[] =>
  entries.flatMap((entry) => {
    const type = typeOf(containment, `${directory}/${entry.name}`, entry);
    return type === undefined ? [] : { name: entry.name, type };
  });

/**
 * What a directory holds; nothing, where it is missing or is no directory of this store. Its parent is known to be in the store, so
 * only a link could lead out.
 */
export function entriesOf(containment: Containment, directory: string): Dirent[] {
  try {
    const facts = lstatSync(directory, { throwIfNoEntry: false });
    if (facts === undefined) return [];
    if (facts.isDirectory()) return readdirSync(directory, { withFileTypes: true });
    if (facts.isSymbolicLink()) {
      // A link to a file answers ENOTDIR, which counts as missing.
      return containment.admits(directory) ? readdirSync(directory, { withFileTypes: true }) : [];
    }
    warnOnce(`directory:${directory}`, `${directory} is skipped: it is not a directory`);
    return [];
  } catch (error) {
    if (isMissing(error)) return [];
    throw storageError("read", directory, error);
  }
}

/** What an entry is, with links followed as far as they stay in the store. */
export function typeOf(containment: Containment, path: string, entry: Dirent): "file" | "directory" | undefined {
  let facts: Pick<Dirent, "isFile" | "isDirectory"> = entry;
  if (entry.isSymbolicLink()) {
    if (!containment.admits(path)) return undefined;
    facts = statSync(path);
  }
  if (facts.isFile()) return "file";
  if (facts.isDirectory()) return "directory";
  warnOnce(`type:${path}`, `${path} is skipped: it is neither a file nor a directory`);
  return undefined;
}

function isKey(kind: KeyKind, key: string, path: string): boolean {
  try {
    checkKey(kind, key);
    return true;
  } catch (error) {
    warnOnce(`key:${path}`, `${path} is skipped: ${messageOf(error)}`);
    return false;
  }
}

/** Keys and texts below a directory of params or tags. */
export function readTexts(containment: Containment, kind: KeyKind, directory: string): Record<string, string> {
  const texts = new Map<string, string>();
  for (const { key, path } of keyFiles(containment, kind, directory)) {
    try {
      texts.set(key, readFileSync(path, "utf8"));
    } catch (error) {
      warnOnce(`read:${path}`, `${path} is skipped: ${messageOf(error)}`);
    }
  }
  // fromEntries defines its keys, so that "__proto__" is one like any other.
  return Object.fromEntries([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where the texts of one kind are kept. */
export interface TextPlace {
  readonly containment: Containment;
  /** The run's or experiment's directory: files are prepared in it, and it is never made. */
  readonly root: string;
  readonly directory: string;
}

/** Sets a text, over whatever was there. */
export function setText({ containment, root, directory }: TextPlace, key: string, value: string): string {
  const path = join(directory, key);
  withParents(containment, root, path, () => {
    checkParent(containment, path);
    replaceFile(root, path, value);
  });
  return path;
}

/**
 * Sets a param, once and for all.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where it has another value, in MLflow's words
 */
export function setParam(
  { containment, root, directory }: TextPlace,
  runId: string,
  key: string,
  value: string,
): string {
  const path = join(directory, key);
  const isNew = withParents(containment, root, path, () => {
    checkParent(containment, path);
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? false : createFile(root, path, value);
  });
  if (isNew) return path;
  const current = readFileSync(path);
  if (current.equals(Buffer.from(value))) return path;
  throw paramChanged(runId, key, current.toString(), value);
}

/** @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where there is no such text */
export function deleteText(place: TextPlace, key: string): void {
  if (!removeText(place, key)) throw noSuchTag(key, place.directory);
}

/** Deletes a text; answers false where there is none. */
export function removeText({ containment, directory }: TextPlace, key: string): boolean {
  if (relativePathProblem(key) !== undefined) return false;
  const path = join(directory, key);
  try {
    checkParent(containment, path);
    unlinkSync(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw storageError("delete", path, error);
  }
}

const checkParent = (containment: Containment, path: string) => containment.check(join(path, ".."));
