import { realpathSync } from "node:fs";
import { warnOnce } from "../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../base/errors.ts";
import { isBelow } from "../base/local-paths.ts";

/** Keeps paths inside one directory, whatever symbolic links say. The directory itself may be reached through a link. */
export class Containment {
  readonly directory: string;
  #root: string | undefined;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** True where an existing path, all links followed, lies in the directory. Throws the system's error where it does not exist. */
  holds(path: string): boolean {
    this.#root ??= realpathSync.native(this.directory);
    const target = realpathSync.native(path);
    return target === this.#root || isBelow(this.#root, target);
  }

  /** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where the path leads out */
  check(path: string): void {
    if (this.holds(path)) return;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `${path} is a link that leads out of ${this.directory}`, {
      details: { path },
    });
  }

  /** True where a link found while reading may be followed; says why it is skipped where not. */
  admits(path: string): boolean {
    let problem = `leads out of ${this.directory}`;
    try {
      if (this.holds(path)) return true;
    } catch (error) {
      problem = `cannot be followed (${messageOf(error)})`;
    }
    warnOnce(`link:${path}`, `${path} is skipped: it is a link that ${problem}`);
    return false;
  }
}
