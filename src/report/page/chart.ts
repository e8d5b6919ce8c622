import uPlot from "uplot";
import { firstAtLeast } from "../curves/search-sorted.ts";
import { columnEdges, type DrawnCurve, drawSight, type Sight, sightOf } from "./chart-drawing.ts";
import { listenToGestures } from "./chart-gestures.ts";
import type { ChartSettings } from "./chart-settings.ts";
import { axisNumber, secondsText } from "./format.ts";
import { chartColors } from "./theme.ts";
import type { XRange } from "./x-range.ts";

const AXIS_WIDTH_PX = 58;
/** Beside the last mark of an axis. */
const RIGHT_PX = 10;
const AXIS_HEIGHT_PX = 30;
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
/** Below it an axis could not tell its marks apart. */
const NARROWEST = 1e-9;
const SYNC_KEY = "report";

/** What a chart tells of where the pointer is. */
export interface Pointed {
  readonly x: number;
  /** Of every curve that is shown, its point nearest to that. */
  readonly values: readonly {
    readonly run: number;
    readonly x: number;
    readonly logged: number;
    readonly smooth: number | undefined;
  }[];
  /** Where the pointer is, in pixels from the left of the plot; `undefined` where it is over another chart. */
  readonly left: number | undefined;
}

export interface ChartOptions {
  readonly host: HTMLElement;
  readonly settings: ChartSettings;
  readonly curves: readonly DrawnCurve[];
  readonly onPoint: (pointed: Pointed | undefined) => void;
}

/** One chart: uPlot for its axes and its pointer, its lines drawn by what is in sight. */
export class Chart {
  readonly #options: ChartOptions;
  readonly #plot: uPlot;
  readonly #resizing: ResizeObserver;
  #curves: readonly DrawnCurve[];
  #sight: Sight | undefined;
  #view: XRange;

  constructor(options: ChartOptions) {
    this.#options = options;
    this.#curves = options.curves;
    this.#view = this.#wholeView();
    this.#plot = new uPlot(
      this.#plotOptions(),
      [
        [0, 1],
        [null, null],
      ],
      options.host,
    );
    listenToGestures(this.#plot, {
      // What was asked for last, drawn yet or not.
      view: () => options.settings.now.zoom ?? this.#view,
      isLog: options.settings.now.logX,
      zoomTo: (range) => options.settings.set("zoom", range === undefined ? undefined : this.#widened(range)),
    });
    this.#resizing = new ResizeObserver(() => this.#resize());
    this.#resizing.observe(options.host);
    this.draw();
  }

  /** All that is shown, from the first to the last x. */
  get view(): XRange {
    return this.#view;
  }

  /** The same chart with other lines. */
  set curves(curves: readonly DrawnCurve[]) {
    this.#curves = curves;
    this.draw();
  }

  /** Brings what is in sight onto the canvas, at once. */
  draw(): void {
    const { now } = this.#options.settings;
    this.#view = now.zoom ?? this.#wholeView();
    const { min, max } = this.#view;
    const shown = this.#shown();
    this.#sight = sightOf(shown, columnEdges(min, max, this.#plot.width - AXIS_WIDTH_PX - RIGHT_PX, now.logX));
    const y = yRange(this.#sight, now.logY);
    this.#plot.batch(() => {
      this.#plot.setScale("x", this.#view);
      this.#plot.setScale("y", y);
    });
    this.#plot.redraw(false, true);
    // For programs that look at the page.
    Object.assign(this.#options.host.dataset, { from: min, to: max });
  }

  destroy(): void {
    this.#resizing.disconnect();
    this.#plot.destroy();
  }

  #shown(): readonly DrawnCurve[] {
    const { hidden } = this.#options.settings.now;
    return this.#curves.filter(({ run }) => !hidden.has(run));
  }

  #wholeView(): XRange {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (const { plotted } of this.#curves) {
      min = Math.min(min, plotted.x[0] ?? min);
      max = Math.max(max, plotted.x.at(-1) ?? max);
    }
    if (min > max) return { min: 1, max: 2 };
    return this.#widened({ min, max });
  }

  /** Wide enough for an axis. */
  #widened({ min, max }: XRange): XRange {
    const least = Math.max(Math.abs(min), Math.abs(max)) * NARROWEST || NARROWEST;
    if (max - min >= least) return { min, max };
    if (this.#options.settings.now.logX) return { min: min / 1.5, max: max * 1.5 };
    const half = Math.max(0.5, least);
    return { min: (min + max) / 2 - half, max: (min + max) / 2 + half };
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#options.host;
    if (width === 0 || (width === this.#plot.width && height === this.#plot.height)) return;
    this.#plot.setSize({ width, height });
    this.draw();
  }

  #plotOptions(): uPlot.Options {
    const { host, settings } = this.#options;
    const { x, logX, logY } = settings.now;
    const distribution = (isLog: boolean) => (isLog ? 3 : 1);
    const axis = (): uPlot.Axis => ({
      font: FONT,
      stroke: () => chartColors().text,
      grid: { stroke: () => chartColors().grid, width: 1 },
      ticks: { show: false },
    });
    const marks: uPlot.Axis.DynamicValues = (_, splits, _axis, _space, distance) =>
      splits.map((split) =>
        split === null ? "" : x.kind === "relative" ? secondsText(split) : axisNumber(split, distance),
      );
    return {
      width: host.clientWidth || 300,
      height: host.clientHeight || 200,
      padding: [8, RIGHT_PX, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: x.kind === "wall", distr: distribution(logX), auto: false },
        y: { distr: distribution(logY), auto: false },
      },
      axes: [
        { ...axis(), size: AXIS_HEIGHT_PX, gap: 6, space: 70, ...(x.kind === "wall" ? {} : { values: marks }) },
        {
          ...axis(),
          size: AXIS_WIDTH_PX,
          gap: 6,
          space: 32,
          values: (_, splits, _axis, _space, distance) =>
            splits.map((split) => (split === null ? "" : axisNumber(split, distance))),
        },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        sync: { key: SYNC_KEY, scales: ["x", null] },
        // A drag with Shift moves what is in sight.
        bind: {
          mousedown: (_, __, handle) => (event) => (event.button === 0 && !event.shiftKey ? handle(event) : null),
        },
      },
      hooks: {
        draw: [(plot) => this.#sight && drawSight(plot, this.#sight, this.#shown())],
        setCursor: [(plot) => this.#point(plot)],
        setSelect: [(plot) => this.#select(plot)],
      },
    };
  }

  #select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 2 || plot.cursor.event === undefined) return;
    const range = { min: plot.posToVal(left, "x"), max: plot.posToVal(left + width, "x") };
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#options.settings.set("zoom", this.#widened(range));
  }

  #point(plot: uPlot): void {
    const { left = -1, event } = plot.cursor;
    if (left < 0) {
      this.#options.onPoint(undefined);
      return;
    }
    const x = plot.posToVal(left, "x");
    const values = this.#shown().flatMap(({ run, plotted, smooth }) => {
      const at = nearest(plotted.x, x);
      if (at === undefined) return [];
      return [{ run, x: plotted.x[at] as number, logged: plotted.logged[at] as number, smooth: smooth?.values[at] }];
    });
    const isHere = event !== undefined && event !== null && plot.over.contains(event.target as Node);
    this.#options.onPoint({ x, values, left: isHere ? left + plot.over.offsetLeft : undefined });
  }
}

function nearest(sorted: Float64Array, x: number): number | undefined {
  if (sorted.length === 0) return undefined;
  const after = Math.min(sorted.length - 1, firstAtLeast(sorted, x));
  const before = Math.max(0, after - 1);
  return x - (sorted[before] as number) < (sorted[after] as number) - x ? before : after;
}

/** Room above and below what is in sight. */
function yRange({ min, max }: Sight, isLog: boolean): XRange {
  if (min > max) return { min: isLog ? 0.1 : 0, max: 1 };
  if (isLog) {
    const room = Math.max((max / min) ** 0.06, 1.05);
    return { min: min / room, max: max * room };
  }
  const least = Math.max(Math.abs(min), Math.abs(max)) * NARROWEST;
  const room = max - min > least ? (max - min) * 0.06 : Math.max(Math.abs(max) * 0.1, least) || 1;
  return { min: min - room, max: max + room };
}
