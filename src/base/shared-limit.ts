import { processSlot } from "./process-state.ts";

interface Places {
  free: number;
  readonly waiting: (() => void)[];
}

/** Work of one kind of which a process does only so much at once, however many copies of this package are loaded. */
export class SharedLimit {
  readonly #name: string;
  readonly #most: number;

  constructor(name: string, most: number) {
    this.#name = name;
    this.#most = most;
  }

  /** Does one piece of it when there is a place, first come, first served. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const places = processSlot<Places>(this.#name, () => ({ free: this.#most, waiting: [] }));
    if (places.free > 0) places.free--;
    else await new Promise<void>((resolve) => places.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = places.waiting.shift();
      if (next === undefined) places.free++;
      else next();
    }
  }
}
