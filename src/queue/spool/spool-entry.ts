import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setInterval } from "node:timers";
import type { z } from "zod";
import { newId } from "../../base/ids.ts";
import { removeFile, replaceFile } from "../../disk/atomic-file.ts";
import { damaged, guarded, isMissing } from "../../disk/storage-errors.ts";
import { temporaryName } from "../../disk/temporary-name.ts";
import { FileJournal } from "./file-journal.ts";
import { isAlive, type Owner, ownerSchema, thisProcess } from "./owner.ts";
import { type SpooledEnd, type SpoolHeader, spooledEndSchema, spoolHeaderSchema } from "./spool-header.ts";
import { type SpoolSpace, sizeOf } from "./spool-space.ts";
import { StagedFiles } from "./staged-files.ts";

const HEADER_FILE = "run.json";
const OWNER_FILE = "owner.json";
const END_FILE = "end.json";
const HEARTBEAT_INTERVAL_MS = 10_000;

/** Room for an entry and what comes into it. */
export interface EntryRoom {
  readonly space: SpoolSpace;
  readonly maxBytes: number;
}

/**
 * Everything of one run that may not be at the backend yet, as a directory: what the run is (`run.json`), its journal, files to upload,
 * and how it ended (`end.json`). It belongs to the process that `owner.json` names as long as that lives; without one, to whoever
 * claims it first.
 */
export class SpoolEntry {
  readonly directory: string;
  readonly journal: FileJournal;
  readonly files: StagedFiles;
  #header: SpoolHeader;
  readonly #room: EntryRoom;
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(directory: string, header: SpoolHeader, room: EntryRoom) {
    this.directory = directory;
    this.#header = header;
    this.#room = room;
    this.journal = new FileJournal({ directory, ...room });
    this.files = new StagedFiles(directory, room);
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_INTERVAL_MS).unref();
  }

  /** Begins an entry below `parent`. @throws {TidemarkError} what the disk says */
  static create(parent: string, header: SpoolHeader, room: EntryRoom): SpoolEntry {
    const directory = join(parent, `${String(header.createdAt).padStart(13, "0")}-${header.localRunId}`);
    return guarded("make", directory, () => {
      mkdirSync(parent, { recursive: true, mode: 0o700 });
      const unfinished = join(parent, temporaryName());
      mkdirSync(unfinished, { mode: 0o700 });
      replaceFile(unfinished, join(unfinished, HEADER_FILE), JSON.stringify(header));
      replaceFile(unfinished, join(unfinished, OWNER_FILE), JSON.stringify(thisProcess()));
      renameSync(unfinished, directory);
      return new SpoolEntry(directory, header, room);
    });
  }

  /**
   * Takes over what nobody works on. Of many who try, one gets it: whose rename succeeds.
   *
   * @returns `undefined` where its owner lives or another was faster
   */
  static claim(directory: string, room: EntryRoom): SpoolEntry | undefined {
    if (isOwned(directory)) return undefined;
    const [name] = basename(directory).split("~");
    const claimed = join(dirname(directory), `${name}~${newId()}`);
    try {
      const header = readHeader(directory);
      renameSync(directory, claimed);
      // Another, whose rename came before this one, has become the owner since the look above: it gets it back.
      if (isOwned(claimed)) {
        renameSync(claimed, directory);
        return undefined;
      }
      // The old owner's file is still there: until it is replaced, another may take the entry in turn, and this fails.
      replaceFile(claimed, join(claimed, OWNER_FILE), JSON.stringify(thisProcess()));
      return new SpoolEntry(claimed, header, room);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  get header(): SpoolHeader {
    return this.#header;
  }

  /** How the run ended; absent while it goes on, or where its process was killed. */
  get end(): SpooledEnd | undefined {
    return readEnd(this.directory);
  }

  /** Keeps the backend's id of the run, so that whoever comes later need not look for it. */
  saveRunId(runId: string): void {
    this.#header = { ...this.#header, runId };
    replaceFile(this.directory, join(this.directory, HEADER_FILE), JSON.stringify(this.#header));
  }

  saveEnd(end: SpooledEnd): void {
    replaceFile(this.directory, join(this.directory, END_FILE), JSON.stringify(end));
  }

  /** Leaves it to whoever claims it next. */
  release(): void {
    this.#close();
    removeFile(join(this.directory, OWNER_FILE));
  }

  /** All of it is at the backend. */
  remove(): void {
    this.#close();
    this.#room.space.give(sizeOf(this.directory));
    // Under another name first: half of it must not be taken for all.
    const removed = join(dirname(this.directory), temporaryName());
    try {
      renameSync(this.directory, removed);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    rmSync(removed, { recursive: true, force: true });
  }

  #close(): void {
    clearInterval(this.#heartbeat);
    this.journal.close();
  }

  #beat(): void {
    try {
      utimesSync(join(this.directory, OWNER_FILE), new Date(), new Date());
    } catch {
      // The disk's trouble is told by what writes values.
    }
  }
}

/** Whether a living process works on an entry. */
export function isOwned(directory: string): boolean {
  let owner: Owner;
  try {
    owner = ownerSchema.parse(JSON.parse(readFileSync(join(directory, OWNER_FILE), "utf8")));
  } catch {
    return false;
  }
  return isAlive(owner, lastWriteMs(directory));
}

/** @throws {TidemarkError} `DATA_DAMAGED` */
export const readHeader = (directory: string): SpoolHeader => readJson(join(directory, HEADER_FILE), spoolHeaderSchema);

/** @throws {TidemarkError} `DATA_DAMAGED` */
export function readEnd(directory: string): SpooledEnd | undefined {
  const path = join(directory, END_FILE);
  return existsSync(path) ? readJson(path, spooledEndSchema) : undefined;
}

/** The newest write of an entry; 0 where it is gone: claimed by another in this moment. */
export function lastWriteMs(directory: string): number {
  try {
    const times = readdirSync(directory).map(
      (name) => statSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    );
    return Math.max(0, ...times);
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}

function readJson<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  const text = readFileSync(path, "utf8");
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(path, "is not what the spool writes", error);
  }
}
