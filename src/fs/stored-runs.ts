import { Memory } from "./memory.ts";
import type { StoreFiles } from "./store-files.ts";
import { StoredRun } from "./stored-run.ts";

/** Runs remembered at once: what a search has read of one takes a few kilobytes. */
const MOST_REMEMBERED = 20_000;

/** Opens runs for reading and remembers what was read of them. */
export class StoredRuns {
  readonly #store: StoreFiles;
  /** By directory, the least recently opened first. */
  readonly #memories = new Map<string, Memory>();

  constructor(store: StoreFiles) {
    this.#store = store;
  }

  /** The run as it is now: whatever was remembered is compared with the files once more. */
  open(place: string): StoredRun {
    const { containment } = this.#store;
    const memory = this.#memories.get(place) ?? new Memory(containment);
    memory.lookAgain();
    this.#memories.delete(place);
    this.#memories.set(place, memory);
    if (this.#memories.size > MOST_REMEMBERED) this.#forgetOldest();
    return new StoredRun(containment, place, memory);
  }

  #forgetOldest(): void {
    const [oldest] = this.#memories.keys();
    if (oldest !== undefined) this.#memories.delete(oldest);
  }
}
