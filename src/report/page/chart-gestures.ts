import type uPlot from "uplot";
import { moved, type XRange, zoomed } from "./x-range.ts";

/** How much one press, or one notch of a wheel, zooms or moves. */
const ZOOM_STEP = 1.4;
const MOVE_STEP = 0.15;

export interface GestureTarget {
  /** What is in sight now. */
  readonly view: () => XRange;
  readonly isLog: boolean;
  /** `undefined` is everything. */
  readonly zoomTo: (range: XRange | undefined) => void;
}

/** Keys, wheel, drags and fingers on a chart. Dragging a stretch to zoom to is uPlot's own. */
export function listenToGestures(plot: uPlot, target: GestureTarget): void {
  const { over } = plot;
  const placeOf = (clientX: number) => {
    const { left, width } = over.getBoundingClientRect();
    return (clientX - left) / width;
  };
  const zoom = (factor: number, place: number) => target.zoomTo(zoomed(target.view(), factor, place, target.isLog));
  const move = (part: number) => target.zoomTo(moved(target.view(), part, target.isLog));

  over.addEventListener("dblclick", () => target.zoomTo(undefined));
  over.addEventListener(
    "wheel",
    (event) => {
      // A plain wheel scrolls the page.
      if (event.ctrlKey || event.metaKey) zoom(event.deltaY > 0 ? ZOOM_STEP : 1 / ZOOM_STEP, placeOf(event.clientX));
      else if (event.shiftKey) move(Math.sign(event.deltaY || event.deltaX) * MOVE_STEP);
      else return;
      event.preventDefault();
    },
    { passive: false },
  );
  plot.root.parentElement?.addEventListener("keydown", (event) => {
    const work = KEYS[event.key];
    if (work === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    work({ zoom, move, reset: () => target.zoomTo(undefined) });
  });
  followPointers(over, (from, to) => {
    const [a = 0, b] = from.map(placeOf);
    const [c = 0, d] = to.map(placeOf);
    if (b === undefined || d === undefined) return move(a - c);
    // Two fingers: what was below them stays below them.
    const factor = Math.min(5, Math.max(0.2, Math.abs(b - a) / Math.max(0.02, Math.abs(d - c))));
    zoom(factor, (c + d) / 2);
    move(((a + b) / 2 - (c + d) / 2) * factor);
  });
}

interface Moves {
  readonly zoom: (factor: number, place: number) => void;
  readonly move: (part: number) => void;
  readonly reset: () => void;
}

const KEYS: Readonly<Record<string, (moves: Moves) => void>> = {
  ArrowLeft: ({ move }) => move(-MOVE_STEP),
  ArrowRight: ({ move }) => move(MOVE_STEP),
  "+": ({ zoom }) => zoom(1 / ZOOM_STEP, 0.5),
  "=": ({ zoom }) => zoom(1 / ZOOM_STEP, 0.5),
  "-": ({ zoom }) => zoom(ZOOM_STEP, 0.5),
  "0": ({ reset }) => reset(),
  Escape: ({ reset }) => reset(),
};

/** Tells how fingers move, and a mouse while Shift is held: from which places to which, in pixels. */
function followPointers(over: HTMLElement, onMove: (from: readonly number[], to: readonly number[]) => void): void {
  const places = new Map<number, number>();
  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && !event.shiftKey) return;
    places.set(event.pointerId, event.clientX);
    over.setPointerCapture(event.pointerId);
  });
  over.addEventListener("pointermove", (event) => {
    if (!places.has(event.pointerId)) return;
    const from = [...places.values()];
    places.set(event.pointerId, event.clientX);
    // One finger scrolls the page or shows values; a mouse moves what is in sight.
    if (places.size === 2 || event.pointerType === "mouse") onMove(from, [...places.values()]);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    over.addEventListener(end, (event) => places.delete(event.pointerId));
  }
}
