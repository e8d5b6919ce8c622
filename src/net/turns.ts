/** What requests are sent over in turns, and how many of them are on it now. */
interface Lane<T> {
  readonly way: T;
  underWay: number;
}

/** Takes turns over several ways to a server: the least busy one, and of those the one whose turn is next. */
export class Turns<T> {
  readonly #lanes: readonly Lane<T>[];
  #next = 0;

  constructor(ways: readonly T[]) {
    this.#lanes = ways.map((way) => ({ way, underWay: 0 }));
  }

  get ways(): readonly T[] {
    return this.#lanes.map(({ way }) => way);
  }

  /** The way to take, and what to call when it is free again. */
  take(): { readonly way: T; readonly done: () => void } {
    const inTurn = [...this.#lanes.slice(this.#next), ...this.#lanes.slice(0, this.#next)];
    const lane = inTurn.reduce((best, other) => (other.underWay < best.underWay ? other : best));
    this.#next = (this.#lanes.indexOf(lane) + 1) % this.#lanes.length;
    lane.underWay++;
    return { way: lane.way, done: () => void lane.underWay-- };
  }
}
