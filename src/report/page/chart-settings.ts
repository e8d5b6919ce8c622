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
    const before = this.#now;
    this.#now = { ...before, [name]: value };
    // Whoever zooms out for ever gets no further.
    if (name === "zoom" && !isDrawable(this.#now)) this.#now = before;
    // A stretch of steps means nothing on another axis.
    if (name === "x" || name === "logX") this.#now = { ...this.#now, zoom: undefined };
    for (const listener of this.#listeners) listener(CHANGES[name]);
  }

  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Far beyond what can be on an axis, and far before its marks are no numbers any more. */
const FARTHEST = 1e102;

function isDrawable({ zoom, logX }: Settings): boolean {
  if (zoom === undefined) return true;
  const { min, max } = zoom;
  return min < max && min > -FARTHEST && max < FARTHEST && (!logX || min > 1 / FARTHEST);
}
