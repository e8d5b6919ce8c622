import { readdirSync, statSync } from "node:fs";
import nativePath, { type PlatformPath } from "node:path";
import { describe, TidemarkError } from "../base/errors.ts";
import type { KeyKind } from "../base/key-rules.ts";
import { strangeOnWindows } from "../base/local-paths.ts";

/** What file systems allow for one name. */
const MOST_BYTES_IN_A_NAME = 255;

/** The keys of one kind that a run has or is about to have: files and directories, of which no key can be both. */
export class KeyTree {
  readonly #kind: KeyKind;
  readonly #directory: string;
  readonly #isWindows: boolean;
  /** On Windows, every key and directory as it was first written, by what case makes no difference to. */
  readonly #spellings = new Map<string, string>();
  readonly #keys = new Set<string>();
  /** Every directory that keys need, and one key that needs it. */
  readonly #parents = new Map<string, string>();

  /** @param flavour - Of the system's paths: Windows has rules of its own for names. */
  constructor(kind: KeyKind, directory: string, flavour: PlatformPath = nativePath) {
    this.#kind = kind;
    this.#directory = directory;
    this.#isWindows = flavour.sep === "\\";
  }

  /** Why this key cannot be written; otherwise it is taken note of. */
  admit(key: string): TidemarkError | undefined {
    if (this.#keys.has(key)) return undefined;
    for (const name of key.split("/")) {
      if (Buffer.byteLength(name) > MOST_BYTES_IN_A_NAME) {
        return this.#refusal(
          key,
          `is too long for a file name: ${describe(name)} is over ${MOST_BYTES_IN_A_NAME} bytes`,
        );
      }
    }
    const odd = this.#isWindows ? this.#oddOnWindows(key) : undefined;
    if (odd !== undefined) return odd;
    const user = this.#parents.get(key) ?? this.#firstBelow(key);
    if (user !== undefined) return this.#conflict(key, user);
    const parents = parentsOf(key);
    const other = parents.find((parent) => this.#keys.has(parent) || this.#isFile(parent));
    if (other !== undefined) return this.#conflict(key, other);
    this.#keys.add(key);
    if (this.#isWindows) for (const name of [key, ...parents]) this.#spellings.set(name.toLowerCase(), name);
    for (const parent of parents) if (!this.#parents.has(parent)) this.#parents.set(parent, key);
    return undefined;
  }

  #oddOnWindows(key: string): TidemarkError | undefined {
    const strange = strangeOnWindows(key);
    if (strange !== undefined) return this.#refusal(key, `has ${describe(strange)}, which is no file name on Windows`);
    for (const name of [key, ...parentsOf(key)]) {
      const other = this.#spellings.get(name.toLowerCase()) ?? name;
      if (other !== name) return this.#refusal(key, `and ${describe(other)} are one file on Windows`);
    }
    return undefined;
  }

  #conflict(key: string, other: string): TidemarkError {
    return this.#refusal(
      key,
      `and ${describe(other)} cannot both be stored: one would have to be a file and a directory`,
    );
  }

  #refusal(key: string, problem: string): TidemarkError {
    return new TidemarkError("INVALID_PARAMETER_VALUE", `${this.#kind} key ${describe(key)} ${problem}`, {
      details: { argument: "key", directory: this.#directory },
    });
  }

  #isFile(key: string): boolean {
    return lookAt(nativePath.join(this.#directory, key))?.isFile() === true;
  }

  /** A key on disk that makes a directory of this one. An empty directory is in the way as well. */
  #firstBelow(key: string): string | undefined {
    const path = nativePath.join(this.#directory, key);
    if (lookAt(path)?.isDirectory() !== true) return undefined;
    try {
      const [first] = readdirSync(path);
      return `${key}/${first ?? ""}`;
    } catch {
      return `${key}/`;
    }
  }
}

function lookAt(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A parent that is a file, or a directory nobody may look into: the write will tell.
    return undefined;
  }
}

function parentsOf(key: string): string[] {
  const parents: string[] = [];
  for (let slash = key.indexOf("/"); slash >= 0; slash = key.indexOf("/", slash + 1)) parents.push(key.slice(0, slash));
  return parents;
}
