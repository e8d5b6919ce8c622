import { durationText } from "../../base/amounts.ts";
import type { ReportPayload, ReportRun } from "../payload.ts";
import type { ChartSettings } from "./chart-settings.ts";
import { element } from "./dom.ts";
import { dateText } from "./format.ts";
import { runState, runSwatch } from "./run-label.ts";
import { chooseTheme, isDark, onThemeChange } from "./theme.ts";

/** The bar at the top: the title and where to go. */
export function topBar(title: string, sections: readonly HTMLElement[]): HTMLElement {
  const links = sections.map((section) =>
    element("a", { href: `#${section.id}` }, section.querySelector("h2")?.textContent ?? ""),
  );
  const button = element("button", { type: "button", class: "quiet theme" });
  const paint = () => {
    const other = isDark() ? "light" : "dark";
    button.textContent = isDark() ? "☀" : "☾";
    button.setAttribute("aria-label", `Switch to ${other}`);
    button.title = `Switch to ${other}`;
  };
  button.addEventListener("click", () => chooseTheme(isDark() ? "light" : "dark"));
  onThemeChange(paint);
  paint();
  return element(
    "header",
    { class: "top" },
    element("a", { href: "#overview", class: "title" }, element("bdi", {}, title)),
    element("nav", { "aria-label": "Sections" }, ...links),
    button,
  );
}

/** What the report is of. */
export function overview(payload: ReportPayload, settings: ChartSettings): HTMLElement {
  const { title, runs, experiments, madeAt, uri } = payload;
  const [first] = runs;
  const isAlone = runs.length === 1 && first !== undefined;
  return element(
    "section",
    { id: "overview", "aria-labelledby": "overview-title" },
    element("h1", { id: "overview-title" }, element("bdi", {}, title), isAlone && runState(first)),
    isAlone ? facts(first) : undefined,
    ...experiments.flatMap(({ description, name }) =>
      description === undefined || isAlone ? [] : [describe(description, experiments.length > 1 ? name : undefined)],
    ),
    isAlone && first.description !== undefined && describe(first.description),
    !isAlone && runList(runs, settings, experiments.length > 1),
    element("p", { class: "note" }, `Made ${dateText(madeAt)} from `, element("bdi", {}, uri)),
  );
}

const describe = (text: string, of?: string): HTMLElement =>
  element("p", { class: "description" }, of !== undefined && element("b", {}, `${of}: `), text);

function facts(run: ReportRun): HTMLElement {
  const { id, experiment, startTime, endTime, user, parent, artifactUri } = run;
  const shown: [string, string][] = [
    ["Experiment", experiment],
    ["Started", dateText(startTime)],
    ...(endTime === undefined ? [] : [["Took", durationText(Math.max(0, endTime - startTime))] as [string, string]]),
    ["User", user],
    ["Run", id],
    ...(parent === undefined ? [] : [["Child of", parent] as [string, string]]),
    ["Files", artifactUri],
  ];
  return element(
    "dl",
    { class: "facts" },
    ...shown
      .filter(([, value]) => value !== "")
      .map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, element("bdi", {}, value))),
      ),
  );
}

/** The runs that are compared; each can be taken out of the charts. */
function runList(runs: readonly ReportRun[], settings: ChartSettings, areOfSeveral: boolean): HTMLElement {
  const rows = runs.map((run, index) => {
    const box = element("input", { type: "checkbox", checked: true, "aria-label": `Draw ${run.name}` });
    box.addEventListener("change", () => {
      const hidden = new Set(settings.now.hidden);
      if (box.checked) hidden.delete(index);
      else hidden.add(index);
      settings.set("hidden", hidden);
    });
    const { startTime, endTime } = run;
    return element(
      "tr",
      {},
      element("td", {}, box),
      element(
        "th",
        { scope: "row" },
        element("span", { class: "run-head" }, runSwatch(index), element("bdi", {}, run.name)),
        run.description !== undefined && element("small", { class: "about" }, run.description),
      ),
      areOfSeveral && element("td", {}, element("bdi", {}, run.experiment)),
      element("td", {}, runState(run)),
      element("td", {}, dateText(startTime)),
      element("td", { class: "number" }, endTime === undefined ? "" : durationText(Math.max(0, endTime - startTime))),
      element("td", {}, element("code", {}, run.id)),
    );
  });
  const heads = ["Drawn", "Run", ...(areOfSeveral ? ["Experiment"] : []), "Status", "Started", "Took", "Id"];
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Runs" },
    element(
      "table",
      { class: "runs" },
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...heads.map((head) => element("th", { scope: "col", class: head === "Took" && "number" }, head)),
        ),
      ),
      element("tbody", {}, ...rows),
    ),
  );
}
