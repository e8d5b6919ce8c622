import { constants, fstatSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemCodeOf, TidemarkError } from "../base/errors.ts";
import { linkFile, removeFile } from "../disk/atomic-file.ts";
import { storageError } from "../disk/storage-errors.ts";
import { temporaryName } from "../disk/temporary-name.ts";
import { type Appended, appendLines } from "./append-lines.ts";
import type { Containment } from "./containment.ts";
import type { DescriptorCache, DescriptorHolder } from "./descriptor-cache.ts";
import { withParents } from "./parents.ts";
import { repairTail } from "./torn-line.ts";

/** What all metric files of a run share. */
export interface MetricFilePlace {
  readonly cache: DescriptorCache;
  readonly containment: Containment;
  /** The directory of the run or model: made by nobody here, and where new files are prepared. */
  readonly root: string;
}

// Read as well, to look at the last byte. A link is never followed, and a pipe somebody left here must not block.
const { O_APPEND, O_CREAT, O_EXCL, O_RDWR } = constants;
const APPEND = O_RDWR | O_APPEND | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** One file of metric lines, appended to by any number of processes at once. */
export class MetricFile implements DescriptorHolder {
  readonly path: string;
  lastUse = 0;
  readonly #place: MetricFilePlace;
  #descriptor: number | undefined;
  /** The file is known to end with a whole line. */
  #endsWhole = false;

  constructor(place: MetricFilePlace, path: string) {
    this.#place = place;
    this.path = path;
  }

  /** Appends lines in one call of the system. */
  append(lines: Buffer, lineCount: number): Appended {
    try {
      return this.#append(lines, lineCount);
    } catch (error) {
      this.close();
      return { lines: 0, error: storageError("write", this.path, error) };
    }
  }

  takeDescriptor(): number | undefined {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    return descriptor;
  }

  close(): void {
    this.#place.cache.close(this);
  }

  #append(lines: Buffer, lineCount: number): Appended {
    const { cache } = this.#place;
    if (this.#descriptor === undefined) {
      if (this.#open() === undefined) {
        const created = this.#create(lines, lineCount);
        if (created !== undefined) return created;
      }
    } else {
      // A file that was deleted takes writes without complaint, and loses them.
      if (fstatSync(this.#descriptor).nlink === 0) throw this.#gone();
      cache.touch(this);
    }
    const descriptor = this.#descriptor as number;
    if (!this.#endsWhole) {
      const waitMs = repairTail(descriptor, this.path);
      if (waitMs !== undefined) {
        this.close();
        const message = `${this.path} ends in the middle of a line; if nobody completes it, it will be cut`;
        return { lines: 0, error: new TidemarkError("STORAGE_ERROR", message), retryAfterMs: waitMs };
      }
      this.#endsWhole = true;
    }
    return this.#settled(appendLines(descriptor, lines, lineCount));
  }

  #settled(appended: Appended): Appended {
    if (appended.error === undefined) return appended;
    if (appended.leftTorn === true) this.#endsWhole = false;
    this.close();
    return { ...appended, error: storageError("write", this.path, appended.error) };
  }

  /** Opens the file where there is one. */
  #open(): number | undefined {
    const { cache, containment } = this.#place;
    try {
      this.#descriptor = cache.open(this, () => openSync(this.path, APPEND));
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return undefined;
      throw this.#conflict(error);
    }
    if (this.#endsWhole) return this.#descriptor;
    containment.check(this.path);
    if (!fstatSync(this.#descriptor).isFile()) {
      throw new TidemarkError("INVALID_PARAMETER_VALUE", `${this.path} is not a file`);
    }
    return this.#descriptor;
  }

  /**
   * Makes the file with its first lines in it: an empty metric file breaks the whole experiment for Python. Answers
   * `undefined` where another process was faster; then its file is open.
   */
  #create(lines: Buffer, lineCount: number): Appended | undefined {
    const { cache, containment, root } = this.#place;
    const temporary = join(root, temporaryName());
    const descriptor = cache.open(this, () => openSync(temporary, APPEND | O_CREAT | O_EXCL, 0o666));
    this.#descriptor = descriptor;
    try {
      const appended = appendLines(descriptor, lines, lineCount);
      // Nothing of it counts: the file is not in its place yet.
      if (appended.error !== undefined) return this.#settled({ lines: 0, error: appended.error });
      const linked = withParents(containment, root, this.path, () => {
        containment.check(dirname(this.path));
        return linkFile(temporary, this.path);
      });
      if (linked === true) {
        this.#endsWhole = true;
        return appended;
      }
      this.close();
      if (linked === undefined) return this.#createInPlace(lines, lineCount);
      if (this.#open() === undefined) throw this.#gone();
      return undefined;
    } finally {
      removeFile(temporary);
    }
  }

  /** Without hard links the file is empty for a moment. */
  #createInPlace(lines: Buffer, lineCount: number): Appended {
    const descriptor = this.#place.cache.open(this, () => openSync(this.path, APPEND | O_CREAT, 0o666));
    this.#descriptor = descriptor;
    const appended = this.#settled(appendLines(descriptor, lines, lineCount));
    this.#endsWhole = appended.leftTorn !== true;
    return appended;
  }

  #gone(): TidemarkError {
    return new TidemarkError("STORAGE_GONE", `${this.path} was deleted`, { details: { path: this.path } });
  }

  #conflict(error: unknown): unknown {
    const code = systemCodeOf(error);
    if (code === "ELOOP") {
      return new TidemarkError("INVALID_PARAMETER_VALUE", `${this.path} is a symbolic link, which is not followed`);
    }
    return error;
  }
}
