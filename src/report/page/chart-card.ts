import type { MetricHistory } from "../../schema/metric.ts";
import type { CurvePlace, ReportPayload } from "../payload.ts";
import { rest } from "./breathe.ts";
import { Chart, type Pointed } from "./chart.ts";
import type { DrawnCurve } from "./chart-drawing.ts";
import { lineColor } from "./chart-drawing.ts";
import type { Change, ChartSettings } from "./chart-settings.ts";
import { type CurveSummary, readPoints } from "./data.ts";
import { element } from "./dom.ts";
import { count, dateText, secondsText, shortNumber, wholeNumber } from "./format.ts";
import { type Line, type PlottedCurve, plotCurve, smoothLine, valuesAtSteps } from "./plotted-curve.ts";

/** What all cards share. */
export interface CardContext {
  readonly payload: ReportPayload;
  readonly summaries: readonly CurveSummary[];
  readonly settings: ChartSettings;
}

/** More names beside a pointer than anybody reads. */
const MOST_POINTED = 12;

/** The place of one metric's chart in the page. Its points are read when it comes into sight. */
export class ChartCard {
  readonly root: HTMLElement;
  readonly #context: CardContext;
  readonly #key: number;
  readonly #places: readonly CurvePlace[];
  readonly #host: HTMLElement;
  readonly #readout: HTMLElement;
  readonly #tip: HTMLElement;
  readonly #note: HTMLElement;
  /** What was read, between `show` and `hide`. */
  #points: Map<CurvePlace, MetricHistory> | undefined;
  #plotted: readonly (readonly [CurvePlace, PlottedCurve])[] = [];
  #chart: Chart | undefined;
  /** Which preparation counts: an older one stops where it is. */
  #turn = 0;
  #isPreparing = false;

  constructor(context: CardContext, key: number, places: readonly CurvePlace[]) {
    this.#context = context;
    this.#key = key;
    this.#places = places;
    const name = context.payload.metricKeys[key] as string;
    this.#readout = element("span", { class: "readout" });
    this.#tip = element("div", { class: "tip", hidden: true });
    this.#host = element("div", {
      class: "plot",
      tabindex: 0,
      role: "group",
      "aria-roledescription": "chart",
      "aria-label": this.#description(name),
    });
    this.#note = element("p", { class: "note" });
    const widen = element(
      "button",
      { type: "button", class: "quiet", "aria-label": `Make ${name} larger`, "aria-pressed": "false" },
      "⤢",
    );
    widen.addEventListener("click", () => {
      const isWide = this.root.classList.toggle("wide");
      widen.setAttribute("aria-pressed", String(isWide));
    });
    this.root = element(
      "article",
      { class: "chart" },
      element("header", {}, element("h4", { title: name }, name), this.#readout, widen),
      element("div", { class: "stage" }, this.#host, this.#tip),
      this.#note,
    );
    this.#sayNothing();
  }

  get chart(): Chart | undefined {
    return this.#chart;
  }

  /** Reads the points and draws them. */
  async show(): Promise<void> {
    if (this.#points !== undefined) return;
    this.#points = new Map();
    this.root.setAttribute("aria-busy", "true");
    await this.#prepare(++this.#turn, this.#points);
  }

  /** Lets go of everything that takes memory. */
  hide(): void {
    this.#turn++;
    this.#chart?.destroy();
    this.#chart = undefined;
    this.#points = undefined;
    this.#plotted = [];
    delete this.root.dataset.drawn;
  }

  async update(change: Change): Promise<void> {
    if (this.#points === undefined) return;
    if (change === "view") this.#chart?.draw();
    // What is being prepared is prepared for settings that are no more.
    else if (change === "points" || this.#isPreparing) await this.#prepare(++this.#turn, this.#points);
    else await this.#smooth(++this.#turn);
  }

  async #prepare(turn: number, points: Map<CurvePlace, MetricHistory>): Promise<void> {
    const { payload, settings } = this.#context;
    const { logX, logY } = settings.now;
    this.#isPreparing = true;
    const plotted: [CurvePlace, PlottedCurve][] = [];
    for (const place of this.#places) {
      const read = points.get(place) ?? (await readPoints(payload, place));
      points.set(place, read);
      const x = await this.#xOf(place, read);
      plotted.push([place, await plotCurve(x, read.values, { logX, logY })]);
      if (turn !== this.#turn) return;
    }
    this.#plotted = plotted;
    const curves = await this.#smoothed(turn);
    await rest();
    if (curves === undefined || turn !== this.#turn) return;
    this.#isPreparing = false;
    this.#chart?.destroy();
    this.#host.replaceChildren();
    this.#chart = new Chart({ host: this.#host, settings, curves, onPoint: (pointed) => this.#say(pointed) });
    this.#note.textContent = this.#remarks().join(" · ");
    this.root.removeAttribute("aria-busy");
    this.root.dataset.drawn = "";
  }

  async #smooth(turn: number): Promise<void> {
    const curves = await this.#smoothed(turn);
    if (curves !== undefined && this.#chart !== undefined) this.#chart.curves = curves;
  }

  async #smoothed(turn: number): Promise<DrawnCurve[] | undefined> {
    const { smoothing } = this.#context.settings.now;
    const curves: DrawnCurve[] = [];
    for (const [{ run }, plotted] of this.#plotted) {
      const smooth: Line | undefined = smoothing > 0 ? await smoothLine(plotted, smoothing) : undefined;
      if (turn !== this.#turn) return undefined;
      curves.push({ run, plotted, smooth });
    }
    return curves;
  }

  async #xOf(place: CurvePlace, { steps, timestamps }: MetricHistory): Promise<Float64Array> {
    const { payload, settings } = this.#context;
    const { x } = settings.now;
    if (x.kind === "step") return steps;
    const startMs = x.kind === "relative" ? (payload.runs[place.run]?.startTime ?? 0) : 0;
    if (x.kind !== "metric") return timestamps.map((ms) => (ms - startMs) / 1_000);
    const other = payload.curves.find(({ key, run }) => key === x.key && run === place.run);
    if (other === undefined) return new Float64Array(steps.length).fill(Number.NaN);
    return valuesAtSteps(steps, await readPoints(payload, other));
  }

  #remarks(): string[] {
    const { logX, logY, x } = this.#context.settings.now;
    const marked = (kind: string) =>
      this.#plotted.reduce((sum, [, { marks }]) => sum + (marks.find((mark) => mark.kind === kind)?.x.length ?? 0), 0);
    const lost = this.#plotted.reduce((sum, [, plotted]) => sum + plotted.lost, 0);
    const thinned = this.#places.filter(({ length, logged }) => length < logged);
    const logged = thinned.reduce((sum, place) => sum + place.logged, 0);
    const kept = thinned.reduce((sum, place) => sum + place.length, 0);
    const [nan, above, below] = [marked("nan"), marked("above"), marked("below")];
    return [
      nan > 0 && `× ${wholeNumber(nan)} NaN`,
      above > 0 && `▲ ${wholeNumber(above)} infinite`,
      below > 0 && `▼ ${wholeNumber(below)} ${logY ? "not above 0" : "negative infinite"}`,
      lost > 0 && `${count(lost, "point")} without a place on ${logX ? "a log" : "this"} x axis`,
      x.kind === "metric" && lost > 0 && "where the other metric has no value",
      kept < logged && `${wholeNumber(kept)} of ${wholeNumber(logged)} points`,
    ].filter((remark) => remark !== false);
  }

  #description(name: string): string {
    const { payload, summaries } = this.#context;
    const first = payload.curves.indexOf(this.#places[0] as CurvePlace);
    const last = summaries[first];
    const said =
      this.#places.length === 1 && last !== undefined
        ? `${count(this.#places[0]?.logged ?? 0, "value")}, the last one ${shortNumber(last.last)}`
        : count(this.#places.length, "run");
    return `Curve of ${name}: ${said}. Plus and minus zoom, arrows move, 0 shows all.`;
  }

  #sayNothing(): void {
    const { payload, summaries } = this.#context;
    const [only] = this.#places;
    const summary = only === undefined ? undefined : summaries[payload.curves.indexOf(only)];
    const isOnly = this.#places.length === 1 && payload.runs.length === 1;
    this.#readout.textContent = isOnly && summary !== undefined ? shortNumber(summary.last) : "";
    this.#tip.hidden = true;
  }

  #say(pointed: Pointed | undefined): void {
    const [first] = pointed?.values ?? [];
    if (pointed === undefined || first === undefined) {
      this.#sayNothing();
      return;
    }
    const isAlone = this.#context.payload.runs.length === 1;
    const nearestX = pointed.values.reduce((a, b) => (Math.abs(b.x - pointed.x) < Math.abs(a.x - pointed.x) ? b : a)).x;
    this.#readout.textContent = isAlone
      ? `${shortNumber(first.smooth ?? first.logged)} at ${this.#xText(first.x)}`
      : this.#xText(nearestX);
    this.#tip.hidden = isAlone || pointed.left === undefined;
    if (this.#tip.hidden || pointed.left === undefined) return;
    const rows = [...pointed.values]
      .sort((a, b) => (b.smooth ?? b.logged) - (a.smooth ?? a.logged))
      .slice(0, MOST_POINTED)
      .map(({ run, logged, smooth }) => {
        const swatch = element("i", { class: "swatch" });
        swatch.style.background = lineColor(run);
        const name = this.#context.payload.runs[run]?.name ?? "";
        return element("div", {}, swatch, element("span", {}, name), element("b", {}, shortNumber(smooth ?? logged)));
      });
    this.#tip.replaceChildren(...rows);
    // On the side where there is room.
    const isRight = pointed.left < this.#host.clientWidth / 2;
    this.#tip.style.left = isRight ? `${pointed.left + 14}px` : "auto";
    this.#tip.style.right = isRight ? "auto" : `${this.#host.clientWidth - pointed.left + 14}px`;
  }

  #xText(x: number): string {
    const { kind } = this.#context.settings.now.x;
    if (kind === "wall") return dateText(x * 1_000);
    if (kind === "relative") return secondsText(x);
    return kind === "step" ? `step ${wholeNumber(x)}` : shortNumber(x);
  }

  /** What it is called. */
  get name(): string {
    return this.#context.payload.metricKeys[this.#key] as string;
  }
}
