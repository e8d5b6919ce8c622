import { afterPause, element, nextId, toggle } from "./dom.ts";

const ROWS_AT_ONCE = 100;
/** Tables below have no search: they are seen whole. */
const FEWEST_SEARCHED = 12;
const SEARCH_PAUSE_MS = 120;

export interface LongTable<Row> {
  readonly label: string;
  /** Heads of the columns. */
  readonly heads: readonly (string | Node)[];
  readonly rows: readonly Row[];
  readonly cells: (row: Row) => readonly (string | Node)[];
  /** What a row is found by. */
  readonly textOf: (row: Row) => string;
  /** Which columns hold numbers, from 0. */
  readonly numbers?: (column: number) => boolean;
  /** With it, rows that are the same for all runs can be left away, and are at first. */
  readonly differs?: (row: Row) => boolean;
}

/** A table that shows some of its rows at a time, with a search where it is long. */
export function longTable<Row>(table: LongTable<Row>): HTMLElement {
  const { label, heads, rows, numbers = () => false, differs } = table;
  let onlyDiffering = differs !== undefined && rows.some(differs);
  let words: string[] = [];
  let shown = ROWS_AT_ONCE;
  const body = element("tbody");
  const more = element("button", { type: "button", class: "more" });
  const empty = element("p", { class: "empty", hidden: true });
  const draw = () => {
    const found = rows.filter((row) => {
      if (onlyDiffering && differs?.(row) === false) return false;
      const text = words.length === 0 ? "" : table.textOf(row).toLowerCase();
      return words.every((word) => text.includes(word));
    });
    body.replaceChildren(...found.slice(0, shown).map((row) => bodyRow(table.cells(row), numbers)));
    const left = found.length - shown;
    more.hidden = left <= 0;
    more.textContent = `Show ${Math.min(left, ROWS_AT_ONCE)} more of ${left}`;
    empty.hidden = found.length > 0;
    empty.textContent = onlyDiffering && words.length === 0 ? "Nothing differs." : "Nothing has this name.";
  };
  more.addEventListener("click", () => {
    shown += ROWS_AT_ONCE;
    draw();
  });
  const tools: Node[] = [];
  if (rows.length >= FEWEST_SEARCHED) {
    const box = element("input", {
      type: "search",
      placeholder: "Search",
      "aria-label": `Search ${label}`,
      id: nextId(),
    });
    const search = () => {
      words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown = ROWS_AT_ONCE;
      draw();
    };
    box.addEventListener("input", afterPause(SEARCH_PAUSE_MS, search));
    tools.push(box);
  }
  if (differs !== undefined) {
    const change = (isOn: boolean) => {
      onlyDiffering = isOn;
      draw();
    };
    tools.push(toggle("Only what differs", onlyDiffering, change));
  }
  draw();
  const head = element(
    "tr",
    {},
    ...heads.map((text, at) => element("th", { scope: "col", class: numbers(at) && "number" }, text)),
  );
  const grid = element("table", {}, element("thead", {}, head), body);
  return element(
    "div",
    { class: "long-table" },
    tools.length > 0 && element("div", { class: "table-tools" }, ...tools),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, grid),
    empty,
    more,
  );
}

function bodyRow(cells: readonly (string | Node)[], numbers: (column: number) => boolean): HTMLElement {
  return element(
    "tr",
    {},
    ...cells.map((cell, at) =>
      at === 0
        ? element("th", { scope: "row", class: numbers(0) && "number" }, element("bdi", {}, cell))
        : element("td", { class: numbers(at) && "number" }, element("bdi", {}, cell)),
    ),
  );
}
