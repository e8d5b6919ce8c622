/** How many entries of one level make one of the next. */
const FAN = 16;
const NONE = -1;

/** One level: of every run of `FAN ** (depth + 1)` values, where the smallest and the largest finite one are, `NONE` where there is none. */
interface Level {
  readonly smallest: Int32Array;
  readonly largest: Int32Array;
}

/** Where the smallest and the largest of some values are. */
export interface Extent {
  readonly smallest: number;
  readonly largest: number;
}

/**
 * Finds the smallest and the largest finite value of any stretch of a curve in logarithmic time: a pyramid of minima and maxima, by
 * position, so that what is drawn are points that were logged.
 */
export class Extremes {
  readonly #values: ArrayLike<number>;
  readonly #levels: Level[];

  /** Takes time by the length of the values, a few milliseconds for a million. */
  constructor(values: ArrayLike<number>) {
    this.#values = values;
    this.#levels = [];
    for (let length = Math.ceil(values.length / FAN); length > 0; length = Math.ceil(length / FAN)) {
      this.#levels.push(this.#nextLevel(length));
      if (length === 1) break;
    }
  }

  /** The extremes of `values[from]` to `values[to - 1]`; of equal ones the first. `undefined` where none of them is finite. */
  between(from: number, to: number): Extent | undefined {
    let smallest = NONE;
    let largest = NONE;
    const take = (low: number, high: number) => {
      smallest = this.#lesser(smallest, low);
      largest = this.#greater(largest, high);
    };
    for (let at = Math.max(0, from), end = Math.min(to, this.#values.length); at < end; ) {
      // The largest block that starts here and ends before the end.
      let depth = 0;
      for (let size = FAN; at % size === 0 && at + size <= end && depth < this.#levels.length; size *= FAN) depth++;
      if (depth === 0) {
        if (Number.isFinite(this.#values[at])) take(at, at);
        at++;
      } else {
        const { smallest: low, largest: high } = this.#levels[depth - 1] as Level;
        const block = at / FAN ** depth;
        take(low[block] as number, high[block] as number);
        at += FAN ** depth;
      }
    }
    return smallest === NONE ? undefined : { smallest, largest };
  }

  #nextLevel(length: number): Level {
    const below = this.#levels.at(-1);
    const level = { smallest: new Int32Array(length).fill(NONE), largest: new Int32Array(length).fill(NONE) };
    const count = below === undefined ? this.#values.length : below.smallest.length;
    for (let at = 0; at < count; at++) {
      const block = Math.floor(at / FAN);
      const low = below === undefined ? this.#itself(at) : (below.smallest[at] as number);
      const high = below === undefined ? low : (below.largest[at] as number);
      level.smallest[block] = this.#lesser(level.smallest[block] as number, low);
      level.largest[block] = this.#greater(level.largest[block] as number, high);
    }
    return level;
  }

  #itself(at: number): number {
    return Number.isFinite(this.#values[at]) ? at : NONE;
  }

  #lesser(a: number, b: number): number {
    if (a === NONE || b === NONE) return a === NONE ? b : a;
    const [x, y] = [this.#values[a] as number, this.#values[b] as number];
    return y < x ? b : a;
  }

  #greater(a: number, b: number): number {
    if (a === NONE || b === NONE) return a === NONE ? b : a;
    const [x, y] = [this.#values[a] as number, this.#values[b] as number];
    return y > x ? b : a;
  }
}
