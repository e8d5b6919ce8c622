import type { XRange } from "./x-range.ts";

/** What x is. */
export type XAxis = { readonly kind: "step" | "relative" | "wall" } | { readonly kind: "metric"; readonly key: number };

/** What all charts have in common. */
export interface Settings {
  readonly x: XAxis;
  /** Of the moving average; 0 is none. */
  readonly smoothing: number;
  readonly logX: boolean;
  readonly logY: boolean;
  /** Positions of runs that are not drawn. */
  readonly hidden: ReadonlySet<number>;
  /** What is zoomed to; `undefined` is everything. */
  readonly zoom: XRange | undefined;
}

/** Which settings have changed: only the view, how the same points are drawn, or which points. */
export type Change = "view" | "style" | "points";

const CHANGES: Readonly<Record<keyof Settings, Change>> = {
  zoom: "view",
  hidden: "view",
  smoothing: "style",
  logX: "points",
  logY: "points",
  x: "points",
};

/** The settings of all charts, and who is told of their changes. */
export class ChartSettings {
  #now: Settings = {
    x: { kind: "step" },
    smoothing: 0,
    logX: false,
    logY: false,
    hidden: new Set(),
    zoom: undefined,
  };
  readonly #listeners = new Set<(change: Change) => void>();

  get now(): Settings {
    return this.#now;
  }

  set<Name extends keyof Settings>(name: Name, value: Settings[Name]): void {
    this.#now = { ...this.#now, [name]: value };
    // A stretch of steps means nothing on another axis.
    if (name === "x" || name === "logX") this.#now = { ...this.#now, zoom: undefined };
    for (const listener of this.#listeners) listener(CHANGES[name]);
  }

  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
