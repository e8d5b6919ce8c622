import { cellText, escaped } from "./safe-text.ts";

/** What a notebook shows of several things: a row for each. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What is not in the table, for people. */
  readonly note?: string | undefined;
}

export function htmlTable({ columns, rows, note }: Table): string {
  const head = columns.map((column) => `<th>${escaped(column)}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join("")}</tr>`).join("\n");
  const foot = note === undefined ? "" : `<p>${escaped(note)}</p>`;
  return `<table><thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody></table>${foot}`;
}

export function textTable({ columns, rows, note }: Table): string {
  const lines = [columns, ...rows].map((cells) => cells.map(cellText));
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)));
  const text = lines.map((cells) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] as number))
      .join("  ")
      .trimEnd(),
  );
  return [...text, ...(note === undefined ? [] : [note])].join("\n");
}
