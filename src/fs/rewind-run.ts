import { copyFileSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { noSuchMark, runIsWritten } from "../base/store-errors.ts";
import type { RewindTarget } from "../contract/tracking-store.ts";
import { linkFile } from "../disk/atomic-file.ts";
import { damaged, guarded } from "../disk/storage-errors.ts";
import { copyLines, stepOf } from "./cut-file.ts";
import { Durability } from "./durability.ts";
import { type KeyFile, keyFiles } from "./key-files.ts";
import { METRICS_DIRECTORY } from "./layout.ts";
import { withParents } from "./parents.ts";
import { RewindPlace } from "./rewind-place.ts";
import { RunMarks, type StoredMark, writeMarks } from "./run-marks.ts";
import type { StoreFiles } from "./store-files.ts";

/** Who writes to a run does so more often than that, or cannot be told from one that is dead. */
const SILENCE_MS = 2_000;

/** What there is of a run that is taken back. */
export interface RewoundRun {
  readonly id: string;
  readonly place: string;
  /** It has not ended, as far as is known: somebody may be writing to it. */
  readonly mayBeWritten: boolean;
}

/**
 * Takes a run back. Metric files that stay as they are become links in the new directory, the others are copied up to where they stay, and put on
 * stable storage before the old ones go.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` for a missing mark, `INVALID_STATE` where somebody writes to the run, `DATA_DAMAGED`
 */
export async function rewindRun(store: StoreFiles, run: RewoundRun, to: RewindTarget): Promise<void> {
  const { containment } = store;
  const { place } = run;
  const rewind = new RewindPlace(containment, place, run.id);
  // What was left half done decides which marks there are.
  guarded("rewind", place, () => rewind.settle());
  const marks = new RunMarks(containment, place).all();
  const plan = "mark" in to ? planForMark(run, marks, to.mark) : planForSteps(marks, to.steps);
  await refuseWriters(store, run);
  await rewind.exchange(async () => {
    const durability = new Durability(rewind.metrics);
    const source = join(place, METRICS_DIRECTORY);
    const missing = new Set(plan.needed);
    for (const file of keyFiles(containment, "metric", source)) {
      missing.delete(file.key);
      const target = join(rewind.metrics, file.key);
      if (withParents(containment, rewind.metrics, target, () => plan.cut(file, target))) durability.note(target);
    }
    const [lost] = missing;
    if (lost !== undefined) throw damaged(join(source, lost), "has values before the mark, and is missing");
    writeMarks(rewind.marks, plan.marks());
    await durability.sync();
  });
}

interface Plan {
  /** Keys that must be there. */
  readonly needed: readonly string[];
  /** Puts what stays of a file in its new place. Answers whether it is a file of its own. */
  cut(file: KeyFile, target: string): boolean;
  /** The marks of the run when all files are cut. */
  marks(): readonly StoredMark[];
}

function planForMark({ id }: RewoundRun, marks: readonly StoredMark[], name: string): Plan {
  const mark = marks.find((each) => each.name === name);
  if (mark === undefined) {
    throw noSuchMark(
      id,
      name,
      marks.map((each) => each.name),
    );
  }
  /** Of files that were cut, how long they are now: less than the mark says where it was made in the middle of somebody's line. */
  const lengths = new Map<string, number>();
  return {
    needed: [...mark.sizes].filter(([, bytes]) => bytes > 0).map(([key]) => key),
    cut: ({ key, path }, target) => {
      const bytes = mark.sizes.get(key) ?? 0;
      const { size } = statSync(path);
      if (size < bytes) throw damaged(path, `has become shorter since the mark ${JSON.stringify(name)} was made`);
      if (bytes === 0) return false;
      if (size === bytes) return linkOrCopy(path, target);
      lengths.set(key, copyLines(path, target, (_, end) => end <= bytes).keptBytes);
      return true;
    },
    marks: () =>
      marks
        .filter((each) => each === mark || !isBehind(each, mark))
        .map((each) => {
          const sizes = [...each.sizes].map(([key, size]): [string, number] => [
            key,
            Math.min(size, lengths.get(key) ?? size),
          ]);
          return { ...each, sizes: new Map(sizes) };
        }),
  };
}

/** Marks whose values are not all before another mark. */
const isBehind = (a: StoredMark, b: StoredMark): boolean =>
  [...a.sizes].some(([key, bytes]) => bytes > (b.sizes.get(key) ?? 0));

function planForSteps(marks: readonly StoredMark[], steps: ReadonlyMap<string, number>): Plan {
  const sizes = marks.map((mark) => new Map(mark.sizes));
  return {
    needed: [],
    cut: ({ key, path }, target) => {
      const before = steps.get(key);
      if (before === undefined) return linkOrCopy(path, target);
      const wanted = [...new Set(sizes.map((each) => each.get(key) ?? 0))].sort((a, b) => a - b);
      const isKept = (line: Buffer) => (stepOf(line) ?? Number.NEGATIVE_INFINITY) < before;
      const { keptBytes, offsets } = copyLines(path, target, isKept, wanted);
      for (const each of sizes) {
        const size = each.get(key);
        if (size !== undefined) each.set(key, offsets[wanted.indexOf(size)] as number);
      }
      // An empty metric file breaks the whole experiment for Python.
      if (keptBytes === 0) removeWithParents(target);
      return keptBytes > 0;
    },
    marks: () => marks.map((mark, at) => ({ ...mark, sizes: sizes[at] as Map<string, number> })),
  };
}

/** Answers whether it became a file of its own. */
function linkOrCopy(path: string, target: string): boolean {
  if (linkFile(path, target) !== undefined) return false;
  copyFileSync(path, target);
  return true;
}

/** Directories of keys that are gone would be in the way of others. */
function removeWithParents(path: string): void {
  unlinkSync(path);
  try {
    for (let directory = dirname(path); basename(directory) !== METRICS_DIRECTORY; directory = dirname(directory)) {
      rmdirSync(directory);
    }
  } catch {
    // It holds others.
  }
}

/** Waits until nobody can have written for a while, and sees whether somebody has done so meanwhile. */
async function refuseWriters(store: StoreFiles, { id, place, mayBeWritten }: RewoundRun): Promise<void> {
  if (store.isOpen(place)) throw runIsWritten(id, "this program has it open: end it first");
  if (!mayBeWritten) return;
  const before = newestWrite(store, place);
  const waitMs = SILENCE_MS - Math.abs(Date.now() - before);
  if (waitMs <= 0) return;
  await sleep(waitMs);
  if (newestWrite(store, place) !== before) throw runIsWritten(id, "another program writes to it");
}

function newestWrite({ containment }: StoreFiles, place: string): number {
  let newest = 0;
  for (const { path } of keyFiles(containment, "metric", join(place, METRICS_DIRECTORY)))
    newest = Math.max(newest, statSync(path).mtimeMs);
  return newest;
}
