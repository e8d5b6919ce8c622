import { byName } from "../by-name.ts";
import type { EmbeddedImage, ReportCell, ReportMatrix, ReportPayload, ReportRun, ReportTable } from "../payload.ts";
import { imageAddress } from "./data.ts";
import { element, nextId, section } from "./dom.ts";
import { count, wholeNumber } from "./format.ts";
import { longTable } from "./long-table.ts";
import { runHead } from "./run-label.ts";

/** What makes an image, by the element that waits for it: what is never looked at is never decoded. */
const waiting = new Map<Element, () => void>();
const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) show(target);
  },
  { rootMargin: "400px" },
);
// Paper shows everything.
window.addEventListener("beforeprint", () => [...waiting.keys()].forEach(show));

const SMALL_PX = 160;

function showInSight(element: Element, work: () => void): void {
  waiting.set(element, work);
  sight.observe(element);
}

function show(element: Element): void {
  sight.unobserve(element);
  waiting.get(element)?.();
  waiting.delete(element);
}

/** Small images are shown large, pixel by pixel. */
function smoothOrSharp(image: HTMLImageElement): HTMLImageElement {
  image.addEventListener("load", () => image.classList.toggle("small", image.naturalWidth < SMALL_PX));
  return image;
}

function lazyImage(image: EmbeddedImage, alt: string): HTMLImageElement {
  const made = smoothOrSharp(element("img", { alt }));
  showInSight(made, () => {
    made.src = imageAddress(image);
  });
  return made;
}

/** Images by key, with a slider over the steps of all runs. */
export function imageSection({ runs }: ReportPayload): HTMLElement | undefined {
  const keys = [...new Set(runs.flatMap(({ imageSeries }) => imageSeries.map(({ key }) => key)))].sort(byName);
  if (keys.length === 0) return undefined;
  return section("images", "Images", ...keys.map((key) => imageSeries(key, runs)));
}

function imageSeries(key: string, runs: readonly ReportRun[]): HTMLElement {
  const shown = runs.flatMap((run, index) => {
    const steps = run.imageSeries.find((series) => series.key === key)?.steps;
    return steps === undefined ? [] : [{ run, index, steps }];
  });
  const steps = [...new Set(shown.flatMap((one) => one.steps.map(({ step }) => step)))].sort((a, b) => a - b);
  const figures = shown.map(({ run, index, steps: own }) => {
    const image = smoothOrSharp(element("img", { alt: "" }));
    const caption = element("figcaption", {}, runs.length > 1 && runHead(run, index), element("span", {}));
    const figure = element("figure", {}, image, caption);
    const show = (step: number) => {
      const at = own.reduce((best, one) => (one.step <= step ? one : best), own[0] as (typeof own)[number]);
      image.src = imageAddress(at.image);
      image.alt = `${key} of ${run.name} at step ${at.step}`;
      (caption.lastChild as HTMLElement).textContent = at.step === step ? "" : `of step ${wholeNumber(at.step)}`;
    };
    return { figure, show };
  });
  const slider = element("input", {
    type: "range",
    min: 0,
    max: steps.length - 1,
    step: 1,
    value: steps.length - 1,
    id: nextId(),
  });
  const output = element("output", {});
  const showStep = () => {
    const step = steps[slider.valueAsNumber] ?? 0;
    output.textContent = `step ${wholeNumber(step)}`;
    for (const figure of figures) figure.show(step);
  };
  slider.addEventListener("input", showStep);
  const root = element(
    "div",
    { class: "panel" },
    element(
      "div",
      { class: "panel-head" },
      element("h3", {}, key),
      steps.length > 1 &&
        element(
          "div",
          { class: "row grow" },
          element("label", { for: slider.id, class: "label" }, "Step"),
          slider,
          output,
        ),
    ),
    element("div", { class: "figures" }, ...figures.map(({ figure }) => figure)),
  );
  showInSight(root, showStep);
  return root;
}

/** Images with files of their own. */
export function pictureSection({ runs }: ReportPayload): HTMLElement | undefined {
  const figures = runs.flatMap((run, index) =>
    run.pictures.map(({ path, image }) =>
      element(
        "figure",
        {},
        lazyImage(image, path),
        element("figcaption", {}, runs.length > 1 && runHead(run, index), element("span", {}, path)),
      ),
    ),
  );
  if (figures.length === 0) return undefined;
  return section(
    "pictures",
    "Pictures",
    element("div", { class: "panel" }, element("div", { class: "figures" }, ...figures)),
  );
}

/** Tables of all runs. */
export function tableSection({ runs }: ReportPayload): HTMLElement | undefined {
  const panels = runs.flatMap((run, index) =>
    run.tables.map((table) => tablePanel(table, runs.length > 1 ? runHead(run, index) : undefined)),
  );
  return panels.length === 0 ? undefined : section("tables", "Tables", ...panels);
}

function tablePanel(table: ReportTable, head: HTMLElement | undefined): HTMLElement {
  const { path, columns, rows, totalRows } = table;
  const isNumber = columns.map(
    (_, at) => rows.length > 0 && rows.every((row) => /^-?[\d.]+(e[+-]?\d+)?$|^null$/i.test(String(row[at]))),
  );
  const cellOf = (cell: ReportCell | undefined, column: string) =>
    typeof cell === "object" ? lazyImage(cell, column) : (cell ?? "");
  const size =
    rows.length < totalRows ? `${wholeNumber(rows.length)} of ${count(totalRows, "row")}` : count(totalRows, "row");
  return element(
    "div",
    { class: "panel data" },
    element("div", { class: "panel-head" }, element("h3", {}, path), head, element("small", {}, size)),
    longTable({
      label: path,
      heads: columns,
      rows,
      numbers: (column) => isNumber[column] === true,
      cells: (row) => columns.map((column, at) => cellOf(row[at], column)),
      textOf: (row) => row.filter((cell) => typeof cell === "string").join(" "),
    }),
  );
}

/** Confusion matrices of all runs. */
export function matrixSection({ runs }: ReportPayload): HTMLElement | undefined {
  const panels = runs.flatMap((run, index) =>
    run.matrices.map((matrix) => matrixPanel(matrix, runs.length > 1 ? runHead(run, index) : undefined)),
  );
  if (panels.length === 0) return undefined;
  return section("confusion", "Confusion matrix", element("div", { class: "matrices" }, ...panels));
}

function matrixPanel({ path, labels, counts }: ReportMatrix, head: HTMLElement | undefined): HTMLElement {
  const total = counts.flat().reduce((sum, value) => sum + value, 0);
  const right = counts.reduce((sum, row, index) => sum + (row[index] ?? 0), 0);
  const rows = counts.map((row, actual) => {
    const ofRow = row.reduce((sum, value) => sum + value, 0);
    const cells = row.map((value, predicted) => {
      const share = ofRow === 0 ? 0 : value / ofRow;
      const title = `${labels[actual]} taken for ${labels[predicted]}: ${value}, ${(share * 100).toFixed(1)} %`;
      const cell = element(
        "td",
        { title, class: actual === predicted ? "right" : share > 0 && "wrong" },
        value === 0 ? "" : wholeNumber(value),
      );
      cell.style.setProperty("--share", `${(Math.sqrt(share) * 100).toFixed(1)}%`);
      if (share > 0.35) cell.classList.add("full");
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row" }, labels[actual] ?? ""), ...cells);
  });
  const accuracy = total === 0 ? "" : `${((right / total) * 100).toFixed(1)} % of ${wholeNumber(total)} right`;
  return element(
    "div",
    { class: "panel" },
    element("div", { class: "panel-head" }, element("h3", {}, path), head, element("small", {}, accuracy)),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": path },
      element(
        "table",
        { class: "matrix" },
        element("caption", {}, "Rows are the true classes, columns what they were taken for."),
        element(
          "thead",
          {},
          element("tr", {}, element("td"), ...labels.map((label) => element("th", { scope: "col" }, label))),
        ),
        element("tbody", {}, ...rows),
      ),
    ),
  );
}
