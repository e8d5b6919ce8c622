import type { ReportPayload } from "../payload.ts";
import type { ChartList } from "./chart-list.ts";
import type { ChartSettings, XAxis } from "./chart-settings.ts";
import { afterPause, element, nextId, toggle } from "./dom.ts";
import { count } from "./format.ts";
import { moved, type XRange, zoomed } from "./x-range.ts";

const SEARCH_PAUSE_MS = 150;
/** More than anybody scrolls through. */
const MOST_SUGGESTED = 200;
const X_NAMES = { step: "Step", relative: "Relative time", wall: "Wall time", metric: "A metric …" } as const;

/** What all charts are controlled with. */
export function toolbar(payload: ReportPayload, settings: ChartSettings, list: ChartList): HTMLElement {
  return element(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Charts" },
    searchBox(payload, list),
    xChoice(payload, settings),
    smoothingSlider(settings),
    element(
      "div",
      { class: "field" },
      element("span", { class: "label", "aria-hidden": "true" }, "Log scale"),
      element(
        "div",
        { class: "row" },
        toggle("Log y", settings.now.logY, (isOn) => settings.set("logY", isOn)),
        toggle("Log x", settings.now.logX, (isOn) => settings.set("logX", isOn)),
      ),
    ),
    zoomButtons(settings, list),
  );
}

function field(label: string, control: HTMLElement, ...more: readonly HTMLElement[]): HTMLElement {
  control.id ||= nextId();
  return element(
    "div",
    { class: "field" },
    element("label", { class: "label", for: control.id }, label),
    control,
    ...more,
  );
}

function searchBox({ metricKeys }: ReportPayload, list: ChartList): HTMLElement {
  const box = element("input", {
    type: "search",
    placeholder: "Part of a name",
    autocomplete: "off",
    spellcheck: "false",
  });
  const found = element("output", { class: "found", "aria-live": "polite" });
  const search = () => {
    const number = list.filter(box.value);
    found.textContent = box.value.trim() === "" ? "" : `${number} found`;
  };
  box.addEventListener("input", afterPause(SEARCH_PAUSE_MS, search));
  return field(`Search ${count(metricKeys.length, "metric")}`, box, found);
}

function xChoice({ metricKeys }: ReportPayload, settings: ChartSettings): HTMLElement {
  const options = Object.entries(X_NAMES).map(([kind, name]) => element("option", { value: kind }, name));
  const choice = element("select", {}, ...options);
  const suggestions = element("datalist", { id: nextId() });
  const metric = element("input", {
    type: "search",
    list: suggestions.id,
    placeholder: "Its name",
    "aria-label": "Metric of the x axis",
  });
  metric.hidden = true;
  const positions = new Map(metricKeys.map((key, index) => [key, index]));
  const suggest = () => {
    const text = metric.value.toLowerCase();
    const some = metricKeys.filter((key) => key.toLowerCase().includes(text)).slice(0, MOST_SUGGESTED);
    suggestions.replaceChildren(...some.map((key) => element("option", { value: key })));
  };
  choice.addEventListener("change", () => {
    metric.hidden = choice.value !== "metric";
    if (metric.hidden) return settings.set("x", { kind: choice.value } as XAxis);
    suggest();
    metric.focus();
  });
  metric.addEventListener("input", () => {
    suggest();
    const key = positions.get(metric.value);
    if (key !== undefined) settings.set("x", { kind: "metric", key });
  });
  return field("X axis", choice, metric, suggestions);
}

function smoothingSlider(settings: ChartSettings): HTMLElement {
  const slider = element("input", { type: "range", min: 0, max: 0.99, step: 0.01, value: 0 });
  const shown = element("output", {}, "0");
  slider.addEventListener("input", () => {
    shown.textContent = String(slider.valueAsNumber);
    settings.set("smoothing", slider.valueAsNumber);
  });
  return field("Smoothing", slider, shown);
}

function zoomButtons(settings: ChartSettings, list: ChartList): HTMLElement {
  const button = (text: string, label: string, work: () => void) => {
    const made = element("button", { type: "button", "aria-label": label, title: label }, text);
    made.addEventListener("click", work);
    return made;
  };
  const change = (work: (range: XRange, isLog: boolean) => XRange) => () => {
    const view = settings.now.zoom ?? list.view;
    if (view !== undefined) settings.set("zoom", work(view, settings.now.logX));
  };
  const reset = button("Reset", "Show all", () => settings.set("zoom", undefined));
  const watch = () => {
    reset.disabled = settings.now.zoom === undefined;
  };
  settings.listen(watch);
  watch();
  return element(
    "div",
    { class: "field" },
    element("span", { class: "label", "aria-hidden": "true" }, "Zoom"),
    element(
      "div",
      { class: "row buttons" },
      button(
        "←",
        "Move left",
        change((range, isLog) => moved(range, -0.25, isLog)),
      ),
      button(
        "+",
        "Zoom in",
        change((range, isLog) => zoomed(range, 0.6, 0.5, isLog)),
      ),
      button(
        "−",
        "Zoom out",
        change((range, isLog) => zoomed(range, 1 / 0.6, 0.5, isLog)),
      ),
      button(
        "→",
        "Move right",
        change((range, isLog) => moved(range, 0.25, isLog)),
      ),
      reset,
    ),
  );
}
