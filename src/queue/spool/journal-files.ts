import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { JournalPosition } from "../../contract/journal.ts";

/** What every file of a journal begins with: the format and its version. */
export const MAGIC = Buffer.from("TMJRNL01", "latin1");

// Positions are safe integers: 16 decimal digits, so that names sort as numbers do.
const NAME = /^(\d{16})\.journal$/;

/** One file of a journal: positions from `base` up to `end` are in it. */
export interface JournalFile {
  readonly base: JournalPosition;
  readonly end: JournalPosition;
  readonly path: string;
}

/** The file that begins at a position. */
export const journalPath = (directory: string, base: JournalPosition): string =>
  join(directory, `${String(base).padStart(16, "0")}.journal`);

/** The files of a journal, oldest first. */
export function journalFiles(directory: string): JournalFile[] {
  return readdirSync(directory)
    .filter((name) => NAME.test(name))
    .sort()
    .map((name) => {
      const base = Number(NAME.exec(name)?.[1]);
      const path = join(directory, name);
      return { base, path, end: base + statSync(path).size };
    });
}
