import { readFileSync, renameSync, statSync, unlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createFile, linkFile, removeFile } from "../disk/atomic-file.ts";
import { guarded, isMissing } from "../disk/storage-errors.ts";
import { temporaryName } from "../disk/temporary-name.ts";
import { isAlive, type Owner, thisProcess } from "../queue/spool/owner.ts";
import { md5Of } from "./layout.ts";

/** Short: what is done meanwhile takes milliseconds. */
const LOOK_AGAIN_MS = 20;
/** Well below the silence after which another machine takes the owner for dead. */
const SIGN_OF_LIFE_MS = 20_000;

let self: Owner | undefined;

/** The name of a lock: no id, and no directory, so that nobody takes it for a run. */
export const lockName = (what: string): string => `.tidemark-${md5Of(what)}.lock`;

/** Calls `work` while this process has a file of its own in a directory. One that a dead process has left is taken over. */
export async function holdLock<T>(directory: string, name: string, work: () => Promise<T>): Promise<T> {
  const path = join(directory, name);
  // The name makes two locks of one process two.
  self ??= thisProcess();
  const mine = JSON.stringify({ ...self, lock: temporaryName() });
  while (!guarded("lock", path, () => createFile(directory, path, mine))) {
    if (!guarded("lock", path, () => takeFromTheDead(directory, path))) await sleep(LOOK_AGAIN_MS);
  }
  const timer = setInterval(() => showLife(path), SIGN_OF_LIFE_MS);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
    removeFile(path);
  }
}

/** True where the lock is free now. */
function takeFromTheDead(directory: string, path: string): boolean {
  const seen = readLock(path);
  if (seen === undefined) return true;
  if (isAlive(seen.owner, seen.writtenAt)) return false;
  const aside = join(directory, temporaryName());
  try {
    renameSync(path, aside);
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
  // Another process may have taken it over meanwhile: then it gets it back.
  if (readLock(aside)?.text !== seen.text) linkFile(aside, path);
  unlinkSync(aside);
  return true;
}

function readLock(path: string): { text: string; owner: Owner; writtenAt: number } | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return { text, owner: ownerIn(text), writtenAt: statSync(path).mtimeMs };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What is no owner is nobody on this machine: its age decides. */
function ownerIn(text: string): Owner {
  try {
    const owner: unknown = JSON.parse(text);
    const isOwner = typeof owner === "object" && owner !== null && "pid" in owner && "host" in owner;
    if (isOwner && typeof owner.pid === "number" && typeof owner.host === "string") return owner as Owner;
  } catch {
    // Below.
  }
  return { host: "", pid: 0 };
}

function showLife(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // The directory is gone: so is what it was for.
  }
}
