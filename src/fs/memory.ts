import { lstatSync, type Stats, statSync } from "node:fs";
import { warnOnce } from "../base/diagnostics.ts";
import { isMissing, storageError } from "../disk/storage-errors.ts";
import type { Containment } from "./containment.ts";
import { withFile } from "./read-text.ts";

/** By what a file or directory is recognised as the same. */
interface Facts {
  /** Not the time of modification, which a program may set as it likes. */
  readonly ctimeMs: number;
  readonly size: number;
  readonly ino: number;
}

/** What a file or directory looked like when it was read, and what came of reading it. Flat, because there are many. */
interface Remembered extends Facts {
  readonly value: unknown;
  /** The look in which it was last compared. */
  look: number;
}

/** A directory as it was found in a look. */
interface FoundDirectory extends Facts {
  readonly look: number;
  readonly isThere: boolean;
}

const NOTHING: Facts = { ctimeMs: Number.NaN, size: 0, ino: 0 };

/**
 * The clock of a file system ticks a few times in a hundred milliseconds: what is younger than this when it is read may change once
 * more and look the same.
 */
const SETTLED_MS = 100;

/** Deno tells the time of a change in whole seconds: a change may be that much younger than it looks. */
const COARSE_CLOCK_MS = 1_000;

/**
 * What was read from files, as long as they are the same files. Other processes write too, so every look compares each file once
 * before it trusts what it remembers.
 */
export class Memory {
  readonly #containment: Containment;
  readonly #files = new Map<string, Remembered>();
  readonly #directories = new Map<string, FoundDirectory>();
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
    const known = this.#known<T>(path, () => this.#factsOf(path));
    if (known !== undefined) return known.value;
    return withFile(this.#containment, path, (descriptor, facts) =>
      facts.isFile() ? this.#remember(path, facts, read(descriptor, facts.size)) : undefined,
    );
  }

  /** What a file was read as in this look already; `undefined` where it was not. */
  peek<T>(path: string): T | undefined {
    const known = this.#files.get(path);
    return known?.look === this.#look ? (known.value as T) : undefined;
  }

  /**
   * What reading a directory gives, now or when it last was the same; `undefined` where there is none in the store.
   *
   * @param purpose - Tells apart what is remembered of a directory that is read in several ways.
   */
  readDirectory<T>(path: string, read: (path: string) => T, purpose = ""): T | undefined {
    const found = this.#findDirectory(path);
    if (!found.isThere) return undefined;
    const name = path + purpose;
    const known = this.#known<T>(name, () => found);
    // Found before it is read: what comes meanwhile makes it another one.
    return known === undefined ? this.#remember(name, found, read(path)) : known.value;
  }

  /** True for a directory that is there and does not lead out of the store. */
  hasDirectory(path: string): boolean {
    return this.#findDirectory(path).isThere;
  }

  #known<T>(name: string, look: () => Facts | undefined): { readonly value: T } | undefined {
    const known = this.#files.get(name);
    if (known === undefined) return undefined;
    if (known.look !== this.#look && !isSame(known, look())) {
      this.#files.delete(name);
      return undefined;
    }
    known.look = this.#look;
    return known as Remembered & { readonly value: T };
  }

  #remember<T>(name: string, { ctimeMs, size, ino }: Facts, value: T): T {
    const clockMs = ctimeMs % COARSE_CLOCK_MS === 0 ? COARSE_CLOCK_MS : 0;
    const isSettled = Date.now() - ctimeMs >= SETTLED_MS + clockMs;
    this.#files.set(name, { value, ctimeMs: isSettled ? ctimeMs : Number.NaN, size, ino, look: this.#look });
    return value;
  }

  /** Looks for a directory, once in a look. */
  #findDirectory(path: string): FoundDirectory {
    const known = this.#directories.get(path);
    if (known?.look === this.#look) return known;
    const facts = this.#factsOf(path);
    const isThere = facts?.isDirectory() === true;
    if (facts?.isFile() === true) warnOnce(`directory:${path}`, `${path} is skipped: it is not a directory`);
    const { ctimeMs, size, ino } = facts ?? NOTHING;
    const found = { look: this.#look, isThere, ctimeMs, size, ino };
    this.#directories.set(path, found);
    return found;
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

/** False where it was too recent to be sure of when it was read. */
const isSame = (known: Facts, facts: Facts | undefined): boolean =>
  facts !== undefined && known.ctimeMs === facts.ctimeMs && known.size === facts.size && known.ino === facts.ino;
