/** How many entries of one level make one of the next. */
const FAN = 16;
const NONE = -1;
/** Built between two steps. */
const BLOCKS_OF_SLICE = 4_096;

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
  readonly #levels: Level[] = [];

  private constructor(values: ArrayLike<number>) {
    this.#values = values;
  }

  /** Takes time by the length of the values, some milliseconds for a million. */
  static of(values: ArrayLike<number>): Extremes {
    const building = Extremes.inSlices(values);
    for (let step = building.next(); ; step = building.next()) if (step.done) return step.value;
  }

  /** The same in steps, so that something else can be done in between. */
  static *inSlices(values: ArrayLike<number>): Generator<undefined, Extremes> {
    const extremes = new Extremes(values);
    yield* extremes.#build();
    return extremes;
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

  *#build(): Generator<undefined> {
    for (let count = this.#values.length; count > 1 || this.#levels.length === 0; ) {
      count = Math.ceil(count / FAN);
      const level = { smallest: new Int32Array(count), largest: new Int32Array(count) };
      const below = this.#levels.at(-1);
      for (let block = 0; block < count; block++) {
        if (below === undefined) this.#readBlock(level, block);
        else this.#joinBlock(level, block, below);
        if (block % BLOCKS_OF_SLICE === 0) yield;
      }
      this.#levels.push(level);
    }
  }

  // Written out, with nothing called and nothing made: a million values must not take longer than a frame.
  #readBlock(level: Level, block: number): void {
    const values = this.#values;
    const end = Math.min(values.length, (block + 1) * FAN);
    let [smallest, largest] = [NONE, NONE];
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let at = block * FAN; at < end; at++) {
      const value = values[at] as number;
      // Neither NaN nor infinite.
      if (value - value !== 0) continue;
      if (value < low || smallest === NONE) {
        low = value;
        smallest = at;
      }
      if (value > high || largest === NONE) {
        high = value;
        largest = at;
      }
    }
    level.smallest[block] = smallest;
    level.largest[block] = largest;
  }

  #joinBlock(level: Level, block: number, below: Level): void {
    const end = Math.min(below.smallest.length, (block + 1) * FAN);
    let smallest = NONE;
    let largest = NONE;
    for (let at = block * FAN; at < end; at++) {
      smallest = this.#lesser(smallest, below.smallest[at] as number);
      largest = this.#greater(largest, below.largest[at] as number);
    }
    level.smallest[block] = smallest;
    level.largest[block] = largest;
  }

  #lesser(a: number, b: number): number {
    if (a === NONE || b === NONE) return a === NONE ? b : a;
    return (this.#values[b] as number) < (this.#values[a] as number) ? b : a;
  }

  #greater(a: number, b: number): number {
    if (a === NONE || b === NONE) return a === NONE ? b : a;
    return (this.#values[b] as number) > (this.#values[a] as number) ? b : a;
  }
}
