import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { warnOnce } from "../../base/diagnostics.ts";
import { messageOf } from "../../base/errors.ts";
import { isTemporaryName } from "../../disk/temporary-name.ts";
import { FileJournal } from "./file-journal.ts";
import { type EntryRoom, isOwned, lastWriteMs, readEnd, readHeader, SpoolEntry } from "./spool-entry.ts";
import type { SpooledEnd, SpoolHeader } from "./spool-header.ts";
import { defaultSpoolDirectory, identityDirectory } from "./spool-location.ts";
import { DEFAULT_MAX_SPOOL_BYTES, sizeOf, spoolSpace } from "./spool-space.ts";
import { StagedFiles } from "./staged-files.ts";

/** Making or deleting a part of the spool takes milliseconds. */
const UNFINISHED_MS = 3_600_000;

/** Where a spool is and how large it may grow. */
export interface SpoolOptions {
  /** Default: `TIDEMARK_SPOOL_DIR`, else the platform's place for the state of programs. */
  readonly dir?: string | undefined;
  /** Of all runs in the directory together. Default 1 GiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * The part of a spool that belongs to one backend and identity:
 * `<spool>/<identity>/<when>-<local run id>/`, one directory for every run that is not wholly at the backend.
 */
export class Spool {
  readonly root: string;
  readonly #parent: string;
  readonly #room: EntryRoom;

  constructor(identity: string, { dir, maxBytes = DEFAULT_MAX_SPOOL_BYTES }: SpoolOptions = {}) {
    this.root = dir === undefined ? defaultSpoolDirectory() : resolve(dir);
    this.#parent = identityDirectory(this.root, identity);
    this.#room = { space: spoolSpace(this.root), maxBytes };
  }

  /** @throws {TidemarkError} what the disk says */
  create(header: SpoolHeader): SpoolEntry {
    return SpoolEntry.create(this.#parent, header, this.#room);
  }

  /** Directories of runs that no living process works on, oldest first. What a process was killed over is cleared away. */
  abandoned(): string[] {
    removeUnfinished(this.#parent);
    return this.left();
  }

  /** The same, and nothing is cleared away. */
  left(): string[] {
    return entriesBelow(this.#parent).filter((directory) => !isOwned(directory));
  }

  /** What there is of runs, oldest first. What cannot be read is left out. */
  entries(): SpooledRun[] {
    return entriesBelow(this.#parent).flatMap((directory) => {
      try {
        return { directory, header: readHeader(directory), isOwned: isOwned(directory) };
      } catch {
        // Its owner may be done with it meanwhile; what is damaged is told by the replay.
        return [];
      }
    });
  }

  /** When each run that is not wholly at the backend was written last, by all ids it has. What cannot be read is left out. */
  lastWrites(): Map<string, number> {
    const writes = new Map<string, number>();
    for (const directory of entriesBelow(this.#parent)) {
      try {
        const { localRunId, runId } = readHeader(directory);
        const wroteAt = lastWriteMs(directory);
        for (const id of [localRunId, runId ?? localRunId]) writes.set(id, Math.max(wroteAt, writes.get(id) ?? 0));
      } catch {
        // Its owner may be done with it meanwhile; whoever replays or lists it says what is wrong.
      }
    }
    return writes;
  }

  /** Takes over one of them; `undefined` where another was faster. @throws {TidemarkError} `DATA_DAMAGED` */
  claim(directory: string): SpoolEntry | undefined {
    return SpoolEntry.claim(directory, this.#room);
  }
}

/** A run that is in a spool. */
export interface SpooledRun {
  readonly directory: string;
  readonly header: SpoolHeader;
  /** A living process works on it: the run itself, or a replay. */
  readonly isOwned: boolean;
}

/** What a spool holds of one run. */
export interface SpoolListing extends SpooledRun {
  /** Values, params, tags and inputs that are not at the backend. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  readonly end?: SpooledEnd;
}

/** All that a spool holds, of every backend and identity, oldest first. What cannot be read is warned of. */
export function listSpool(root: string): SpoolListing[] {
  return directoriesIn(root)
    .flatMap((name) => entriesBelow(join(root, name)))
    .flatMap((directory) => tryInspect(root, directory))
    .sort((a, b) => a.header.createdAt - b.header.createdAt);
}

function tryInspect(root: string, directory: string): SpoolListing[] {
  try {
    return [inspect(root, directory)];
  } catch (error) {
    // Its owner may be done with it meanwhile.
    if (existsSync(directory)) warnOnce(`spool:${directory}`, messageOf(error));
    return [];
  }
}

function inspect(root: string, directory: string): SpoolListing {
  const room: EntryRoom = { space: spoolSpace(root), maxBytes: 0 };
  const journal = new FileJournal({ directory, ...room });
  try {
    const end = readEnd(directory);
    return {
      directory,
      header: readHeader(directory),
      isOwned: isOwned(directory),
      entries: journal.rest().count,
      files: new StagedFiles(directory, room).list().length,
      bytes: sizeOf(directory),
      ...(end === undefined ? {} : { end }),
    };
  } finally {
    journal.close();
  }
}

const entriesBelow = (parent: string): string[] =>
  directoriesIn(parent)
    .filter((name) => !isTemporaryName(name))
    .sort()
    .map((name) => join(parent, name));

/** What was being made, or deleted, when its process was killed: by now nobody does either. */
function removeUnfinished(parent: string): void {
  for (const name of directoriesIn(parent).filter(isTemporaryName)) {
    const path = join(parent, name);
    const { mtimeMs = Date.now() } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (Date.now() - mtimeMs > UNFINISHED_MS) rmSync(path, { recursive: true, force: true });
  }
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
