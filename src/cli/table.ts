import type { Output, Style } from "./output.ts";
import { cutTo, displayWidth } from "./text.ts";

export interface Column {
  readonly header: string;
  readonly align?: "left" | "right";
  /** Stays whole where others are cut: half an id finds nothing. */
  readonly isWhole?: boolean;
}

/** A safe text, and how it looks in a terminal. */
export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

const GAP = 2;
/** A column is cut down to this before others are left out. */
const NARROWEST = 6;

/** Prints rows: aligned and cut to the width in a terminal, else separated by tabs and whole. */
export function printTable(out: Output, columns: readonly Column[], rows: readonly (readonly Cell[])[]): void {
  const plain = () => [columns.map(({ header }) => header), ...rows.map((cells) => cells.map(({ text }) => text))];
  out.lines(out.isTerminal ? alignTable(out, columns, rows) : plain().map((texts) => texts.join("\t")));
}

/** Lines of equal columns that fit into some room. Without headers where no column has one. */
export function alignTable(
  out: Output,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  room: number = out.width,
): string[] {
  const widths = fitWidths(columns, naturalWidths(columns, rows), room);
  const line = (cells: readonly Cell[]) =>
    widths
      .map((width, index) => {
        const { text, style } = cells[index] ?? { text: "" };
        const shown = cutTo(text, width);
        const padding = " ".repeat(Math.max(0, width - displayWidth(shown)));
        const styled = style === undefined ? shown : out.style(style, shown);
        if (columns[index]?.align === "right") return padding + styled;
        return index === widths.length - 1 ? styled : styled + padding;
      })
      .join(" ".repeat(GAP))
      .trimEnd();
  const headers = columns.map(({ header }): Cell => ({ text: header, style: "bold" }));
  const hasHeaders = columns.some(({ header }) => header !== "");
  return (hasHeaders ? [headers, ...rows] : rows).map(line);
}

/** The width of every column if nothing is cut. */
export function naturalWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] {
  return columns.map(({ header }, index) =>
    rows.reduce((most, cells) => Math.max(most, displayWidth(cells[index]?.text ?? "")), displayWidth(header)),
  );
}

/** What the widths take together. */
export function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0) + GAP * Math.max(0, widths.length - 1);
}

/** Narrows the widest columns first; what still has no room on the right is left out. */
function fitWidths(columns: readonly Column[], natural: readonly number[], room: number): number[] {
  const widths = [...natural];
  for (;;) {
    const excess = totalWidth(widths) - room;
    if (excess <= 0) return widths;
    const shrinkable = widths.map((width, index) => (columns[index]?.isWhole ? 0 : width));
    const widest = Math.max(...shrinkable);
    if (widest <= NARROWEST) break;
    const next = Math.max(NARROWEST, ...shrinkable.filter((width) => width < widest));
    const share = shrinkable.filter((width) => width === widest).length;
    const target = Math.max(next, widest - Math.ceil(excess / share));
    shrinkable.forEach((width, index) => {
      if (width === widest) widths[index] = target;
    });
  }
  return natural.length === 1 ? [room] : fitWidths(columns, natural.slice(0, -1), room);
}
