import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { processSlot } from "../../base/process-state.ts";

/** What a spool may hold on disk by default: 1 GiB, some 38 million values. */
export const DEFAULT_MAX_SPOOL_BYTES = 1024 ** 3;

/** A full spool is measured again at most this often: other processes may have emptied theirs. */
const MEASURE_INTERVAL_MS = 10_000;

/** How much of its limit a spool directory uses. One per directory and process, because many runs share it. */
export class SpoolSpace {
  readonly root: string;
  #usedBytes: number;
  #measuredAt = performance.now();

  constructor(root: string) {
    this.root = root;
    this.#usedBytes = sizeOf(root);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Reserves room; false where there is none. */
  take(bytes: number, maxBytes: number): boolean {
    if (this.#usedBytes + bytes > maxBytes && performance.now() - this.#measuredAt >= MEASURE_INTERVAL_MS) {
      this.#usedBytes = sizeOf(this.root);
      this.#measuredAt = performance.now();
    }
    if (this.#usedBytes + bytes > maxBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#usedBytes = Math.max(0, this.#usedBytes - bytes);
  }
}

/** The space of a spool directory. */
export function spoolSpace(root: string): SpoolSpace {
  const spaces = processSlot("spool-spaces", () => new Map<string, SpoolSpace>());
  let space = spaces.get(root);
  if (space === undefined) {
    space = new SpoolSpace(root);
    spaces.set(root, space);
  }
  return space;
}

/** Bytes of the files below a directory; what goes away meanwhile does not count. */
export function sizeOf(directory: string): number {
  let bytes = 0;
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += sizeOf(path);
    else bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
