import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Mark } from "../contract/batch.ts";
import { replaceFile } from "../disk/atomic-file.ts";
import { damaged } from "../disk/storage-errors.ts";
import type { Containment } from "./containment.ts";
import { entriesOf, keyFiles } from "./key-files.ts";
import { MARKS_DIRECTORY, METRICS_DIRECTORY, OWN_DIRECTORY } from "./layout.ts";
import { withParents } from "./parents.ts";
import { readText } from "./read-text.ts";
import { skipDamaged } from "./store-files.ts";

const MARK_FILE = /^[0-9a-f]{32}\.json$/;

const storedMarkSchema = z.object({
  format: z.literal(1),
  name: z.string(),
  id: z.string(),
  time: z.number(),
  /** Key by key, how many bytes of its metric file stand before the mark. Pairs, because any key may be logged. */
  sizes: z.array(z.tuple([z.string(), z.int().nonnegative()])),
});

/** A mark with the places it stands for: how long each metric file was. */
export interface StoredMark extends Mark {
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * The marks of a run, one file each, `.tidemark/marks/<digest of the name>.json`: names may differ in what a file system does not tell apart,
 * and Python looks at nothing there.
 */
export class RunMarks {
  readonly #containment: Containment;
  readonly #place: string;

  constructor(containment: Containment, place: string) {
    this.#containment = containment;
    this.#place = place;
  }

  get directory(): string {
    return join(this.#place, OWN_DIRECTORY, MARKS_DIRECTORY);
  }

  /**
   * Sets a mark behind all that the metric files hold now, whoever wrote it. One that comes a second time stays where it was. Answers the path
   * of its file.
   */
  set(mark: Mark): string {
    const path = join(this.directory, fileOf(mark.name));
    if (skipDamaged(() => readMark(this.#containment, path))?.id === mark.id) return path;
    const metrics = join(this.#place, METRICS_DIRECTORY);
    const sizes = new Map<string, number>();
    for (const { key, path } of keyFiles(this.#containment, "metric", metrics)) sizes.set(key, statSync(path).size);
    withParents(this.#containment, this.#place, path, () => {
      this.#containment.check(this.directory);
      replaceFile(this.#place, path, textOf({ ...mark, sizes }));
    });
    return path;
  }

  /** All marks, oldest first. What is damaged is said and skipped. */
  all(): StoredMark[] {
    const files = entriesOf(this.#containment, this.directory).filter((entry) => entry.isFile());
    return files
      .filter(({ name }) => MARK_FILE.test(name))
      .flatMap(({ name }) => skipDamaged(() => readMark(this.#containment, join(this.directory, name))) ?? [])
      .sort((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1));
  }
}

/** Writes marks into a directory that nobody reads yet. */
export function writeMarks(directory: string, marks: readonly StoredMark[]): void {
  for (const mark of marks) replaceFile(directory, join(directory, fileOf(mark.name)), textOf(mark));
}

const fileOf = (name: string): string => `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.json`;

const textOf = ({ name, id, time, sizes }: StoredMark): string =>
  JSON.stringify({ format: 1, name, id, time, sizes: [...sizes] });

function readMark(containment: Containment, path: string): StoredMark | undefined {
  const text = readText(containment, path);
  if (text === undefined) return undefined;
  try {
    const { sizes, ...mark } = storedMarkSchema.parse(JSON.parse(text));
    return { ...mark, sizes: new Map(sizes) };
  } catch (error) {
    throw damaged(path, "is no mark", error);
  }
}
