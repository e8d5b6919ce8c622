import type { Pair, PortRow, ReportModel, ReportPayload } from "../payload.ts";
import { element, section } from "./dom.ts";
import { shortNumber } from "./format.ts";
import { runHead, statusPill } from "./run-label.ts";

/** A card for every model that a run has produced. */
export function modelSection({ runs }: ReportPayload): HTMLElement | undefined {
  const cards = runs.flatMap((run, index) =>
    run.models.map((model) => card(model, runs.length > 1 ? runHead(run, index) : undefined)),
  );
  return cards.length === 0 ? undefined : section("models", "Models", ...cards);
}

function card(model: ReportModel, head: HTMLElement | undefined): HTMLElement {
  const { name, id, status, facts, flavors, inputs, outputs, modelParams, metrics, params, tags } = model;
  return element(
    "div",
    { class: "panel model" },
    element(
      "div",
      { class: "panel-head" },
      element("h3", {}, name || "model"),
      status !== "" && statusPill(status),
      head,
      id !== "" && element("code", {}, id),
    ),
    element(
      "div",
      { class: "parts" },
      ports("Takes", inputs),
      ports("Gives", outputs),
      ports("Params of predict", modelParams),
      pairs("Flavors", flavors),
      pairs(
        "Metrics",
        metrics.map(([key, value]) => [key, shortNumber(Number(value))]),
      ),
      pairs("Params", params),
      pairs("Tags", tags),
      pairs("About", facts),
    ),
  );
}

function ports(title: string, rows: readonly PortRow[]): HTMLElement | undefined {
  if (rows.length === 0) return undefined;
  return part(
    title,
    ...rows.map(({ name, type, note }) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, name || "(unnamed)"),
        element("td", {}, `${type} ${note}`.trim()),
      ),
    ),
  );
}

function pairs(title: string, rows: readonly Pair[]): HTMLElement | undefined {
  if (rows.length === 0) return undefined;
  return part(
    title,
    ...rows.map(([key, value]) =>
      element("tr", {}, element("th", { scope: "row" }, key), element("td", {}, element("bdi", {}, value))),
    ),
  );
}

/** Long lists are folded: a model has the params of its training once more. */
const MOST_UNFOLDED = 8;

function part(title: string, ...rows: readonly HTMLElement[]): HTMLElement {
  const table = element("table", { class: "plain" }, element("tbody", {}, ...rows));
  if (rows.length <= MOST_UNFOLDED) return element("div", { class: "part" }, element("h4", {}, title), table);
  const summary = element("summary", {}, element("h4", {}, title), element("small", {}, String(rows.length)));
  return element("details", { class: "part" }, summary, table);
}
