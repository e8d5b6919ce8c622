import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { warnOnce } from "../base/diagnostics.ts";
import { systemCodeOf } from "../base/errors.ts";
import { runIsWritten } from "../base/store-errors.ts";
import { createFile, makeDirectory, removeFile } from "../disk/atomic-file.ts";
import { guarded, isMissing } from "../disk/storage-errors.ts";
import { isAlive, type Owner, thisProcess } from "../queue/spool/owner.ts";
import type { Containment } from "./containment.ts";
import { MARKS_DIRECTORY, METRICS_DIRECTORY, OWN_DIRECTORY, REWIND_DIRECTORY } from "./layout.ts";
import { readText } from "./read-text.ts";

const OWNER_FILE = "owner.json";
/** The run's metrics as they were. Where this is there, the rewind is done but for what is left to be moved. */
const BEFORE_DIRECTORY = "before";
const MARKS_BEFORE_DIRECTORY = "marks-before";
const STRAYS_DIRECTORY = "strays";

/** Rewinds of this process that are going on: one that has failed is nobody's any more. */
const underWay = new Set<string>();

/** Where the metrics of a run are while its directory of them is being exchanged. */
export const exchangedMetrics = (place: string): string =>
  join(place, OWN_DIRECTORY, REWIND_DIRECTORY, METRICS_DIRECTORY);

/**
 * The directory in which a rewind is prepared, `.tidemark/rewind/`: the metrics and marks as they will be. Two renames put them in the place of those
 * that are there, and the first of them decides: before it nothing has happened, after it whoever opens the run finishes the rest.
 */
export class RewindPlace {
  readonly #containment: Containment;
  readonly #place: string;
  readonly #runId: string;

  constructor(containment: Containment, place: string, runId: string) {
    this.#containment = containment;
    this.#place = place;
    this.#runId = runId;
  }

  /** Where the new metric files go. */
  get metrics(): string {
    return join(this.#work, METRICS_DIRECTORY);
  }

  /** Where the new marks go. */
  get marks(): string {
    return join(this.#work, MARKS_DIRECTORY);
  }

  get #work(): string {
    return join(this.#place, OWN_DIRECTORY, REWIND_DIRECTORY);
  }

  /**
   * Finishes what another process was killed over, or takes it back. Nothing where there is no such thing.
   *
   * @throws {TidemarkError} `INVALID_STATE` while a living process is at it
   */
  settle(): void {
    if (!existsSync(this.#work)) return;
    guarded("rewind", this.#place, () => {
      this.#containment.check(this.#work);
      this.#takeOver();
      if (existsSync(join(this.#work, BEFORE_DIRECTORY))) this.#finish();
      else this.#remove();
    });
  }

  /** Prepares the new state by a function, and exchanges. Where that throws, all is as it was. */
  async exchange(prepare: () => Promise<void>): Promise<void> {
    this.settle();
    this.#begin();
    underWay.add(this.#work);
    try {
      try {
        await prepare();
        makeDirectory(join(this.#place, METRICS_DIRECTORY));
        renameSync(join(this.#place, METRICS_DIRECTORY), join(this.#work, BEFORE_DIRECTORY));
      } catch (error) {
        this.#remove();
        throw error;
      }
      this.#finish();
    } finally {
      underWay.delete(this.#work);
    }
  }

  #begin(): void {
    makeDirectory(join(this.#place, OWN_DIRECTORY));
    this.#containment.check(join(this.#place, OWN_DIRECTORY));
    try {
      mkdirSync(this.#work);
    } catch (error) {
      if (systemCodeOf(error) === "EEXIST") throw this.#isAtIt();
      throw error;
    }
    if (!this.#claim()) throw this.#isAtIt();
    mkdirSync(this.metrics);
    mkdirSync(this.marks);
  }

  /** Of several that find what a dead process has left, one goes on. */
  #takeOver(): void {
    const owner = this.#owner();
    const path = join(this.#work, OWNER_FILE);
    if (owner !== undefined) {
      const isOurs = JSON.stringify(owner) === JSON.stringify(thisProcess());
      if (isOurs ? underWay.has(this.#work) : isAlive(owner, this.#signOfLifeMs())) throw this.#isAtIt();
      removeFile(path);
    }
    if (!this.#claim()) throw this.#isAtIt();
  }

  /** When anything was last done here: all there is to go by where the owner cannot be asked for. */
  #signOfLifeMs(): number {
    const times = [join(this.#work, OWNER_FILE), this.#work, this.metrics].map(
      (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0,
    );
    return Math.max(...times);
  }

  #claim(): boolean {
    try {
      return createFile(this.#work, join(this.#work, OWNER_FILE), JSON.stringify(thisProcess()));
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  #owner(): Owner | undefined {
    try {
      return JSON.parse(readText(this.#containment, join(this.#work, OWNER_FILE)) ?? "") as Owner;
    } catch {
      return undefined;
    }
  }

  /** Every step may have been done already. */
  #finish(): void {
    if (existsSync(this.metrics)) this.#putMetrics();
    const marks = join(this.#place, OWN_DIRECTORY, MARKS_DIRECTORY);
    if (existsSync(this.marks)) {
      renameWhereThere(marks, join(this.#work, MARKS_BEFORE_DIRECTORY));
      renameSync(this.marks, marks);
    }
    this.#remove();
  }

  #putMetrics(): void {
    const metrics = join(this.#place, METRICS_DIRECTORY);
    // A program that writes all the same has made the directory anew.
    if (renameWhereThere(metrics, join(this.#work, STRAYS_DIRECTORY))) {
      const message = `values that another program has logged to run ${this.#runId} while it was taken back are dropped`;
      warnOnce(`strays:${this.#place}`, message);
    }
    renameSync(this.metrics, metrics);
  }

  #remove(): void {
    rmSync(this.#work, { recursive: true, force: true });
  }

  #isAtIt() {
    return runIsWritten(this.#runId, "another program takes it back");
  }
}

function renameWhereThere(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
