import type { ReportRun } from "../payload.ts";
import { lineColor } from "./chart-drawing.ts";
import { dashOf } from "./colors.ts";
import { element } from "./dom.ts";
import { dateText } from "./format.ts";
import { onThemeChange } from "./theme.ts";

/** A piece of a run's line, as its curves are drawn. */
export function runSwatch(run: number): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  for (const [name, value] of Object.entries({ width: 22, height: 10, viewBox: "0 0 22 10", "aria-hidden": "true" })) {
    svg.setAttribute(name, String(value));
  }
  svg.setAttribute("class", "line-swatch");
  const attributes = { x1: 1, y1: 5, x2: 21, y2: 5, "stroke-width": 3, "stroke-dasharray": dashOf(run).join(" ") };
  for (const [name, value] of Object.entries(attributes)) line.setAttribute(name, String(value));
  const paint = () => line.setAttribute("stroke", lineColor(run));
  paint();
  onThemeChange(paint);
  svg.append(line);
  return svg;
}

/** The head of a column of a run. */
export const runHead = ({ name }: ReportRun, index: number): HTMLElement =>
  element("span", { class: "run-head" }, runSwatch(index), element("bdi", {}, name));

/** The state of a run, and since when it may not be true any more. */
export const runState = ({ status, lastSign }: ReportRun): HTMLElement =>
  lastSign === undefined
    ? statusPill(status)
    : element(
        "span",
        { class: "status stale" },
        `${status.toLowerCase()}, no sign of life since ${dateText(lastSign)}`,
      );

/** A state as a word with a mark. */
export const statusPill = (status: string): HTMLElement =>
  element("span", { class: `status ${STATUS_CLASSES[status] ?? "other"}` }, status.toLowerCase());

const STATUS_CLASSES: Readonly<Record<string, string>> = {
  FINISHED: "good",
  READY: "good",
  FAILED: "bad",
  KILLED: "bad",
  RUNNING: "open",
  SCHEDULED: "open",
  PENDING: "open",
};
