import { lstatSync, type Stats, statSync } from "node:fs";
import { warnOnce } from "../base/diagnostics.ts";
import type { Containment } from "./containment.ts";
import { withFile } from "./read-text.ts";
import { isMissing, storageError } from "./storage-errors.ts";

/** What a file or directory looked like when it was read, and what came of reading it. Flat, because there are many. */
interface Remembered {
  readonly value: unknown;
  /** Not the time of modification, which a program may set as it likes. NaN where it was too recent to be sure of. */
  readonly changedMs: number;
  readonly size: number;
  readonly inode: number;
  /** The look in which it was last compared. */
  look: number;
}

/**
 * The clock of a file system ticks a few times in a hundred milliseconds: what is younger than this when it is read may change once
 * more and look the same.
 */
const SETTLED_MS = 100;

/**
 * What was read from files, as long as they are the same files. Other processes write too, so every look compares each file once
 * before it trusts what it remembers.
 */
export class Memory {
  readonly #containment: Containment;
  readonly #files = new Map<string, Remembered>();
  readonly #directories = new Map<string, { readonly look: number; readonly isThere: boolean }>();
  #look = 0;

  constructor(containment: Containment) {
    this.#containment = containment;
  }

  /** Begins a new look: from here on every file is compared again. */
  lookAgain(): void {
    this.#look++;
  }

  /**
   * What reading a file gives, now or when it last was the same; `undefined` where there is none, or a link that leads out of the
   * store. Errors are not remembered. What a path is read as must always be the same.
   */
  readFile<T>(path: string, read: (descriptor: number, size: number) => T): T | undefined {
    return this.#read(path, "", () =>
      withFile(this.#containment, path, (descriptor, facts) =>
        facts.isFile() ? { facts, value: read(descriptor, facts.size) } : undefined,
      ),
    );
  }

  /**
   * What reading a directory gives, now or when it last was the same; `undefined` where there is none in the store.
   *
   * @param purpose - Tells apart what is remembered of a directory that is read in several ways.
   */
  readDirectory<T>(path: string, read: (path: string) => T, purpose = ""): T | undefined {
    return this.#read(path, purpose, () => {
      const facts = this.#factsOf(path);
      return facts?.isDirectory() === true ? { facts, value: read(path) } : undefined;
    });
  }

  #read<T>(path: string, purpose: string, read: () => { facts: Stats; value: T } | undefined): T | undefined {
    const name = path + purpose;
    const known = this.#files.get(name);
    if (known !== undefined) {
      if (known.look === this.#look || isSame(known, this.#factsOf(path))) {
        known.look = this.#look;
        return known.value as T;
      }
      this.#files.delete(name);
    }
    const found = read();
    if (found === undefined) return undefined;
    const { value, facts } = found;
    const isSettled = Date.now() - facts.ctimeMs >= SETTLED_MS;
    const changedMs = isSettled ? facts.ctimeMs : Number.NaN;
    this.#files.set(name, { value, changedMs, size: facts.size, inode: facts.ino, look: this.#look });
    return value;
  }

  /** True for a directory that is there and does not lead out of the store. Looked for once in a look. */
  hasDirectory(path: string): boolean {
    const known = this.#directories.get(path);
    if (known?.look === this.#look) return known.isThere;
    const facts = this.#factsOf(path);
    const isThere = facts?.isDirectory() === true;
    if (facts?.isFile() === true) warnOnce(`directory:${path}`, `${path} is skipped: it is not a directory`);
    this.#directories.set(path, { look: this.#look, isThere });
    return isThere;
  }

  #factsOf(path: string): Stats | undefined {
    try {
      const facts = lstatSync(path, { throwIfNoEntry: false });
      if (facts?.isSymbolicLink() !== true) return facts;
      return this.#containment.admits(path) ? statSync(path) : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageError("read", path, error);
    }
  }
}

const isSame = ({ changedMs, size, inode }: Remembered, facts: Stats | undefined): boolean =>
  facts !== undefined && changedMs === facts.ctimeMs && size === facts.size && inode === facts.ino;
