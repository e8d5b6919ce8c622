import type { Output } from "./output.ts";
import { alignTable, type Cell, type Column } from "./table.ts";
import { safeText } from "./text.ts";

const INDENT = "  ";

/** A heading and an indented table below; nothing where there are no rows. */
export function tableSection(
  out: Output,
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): string[] {
  if (rows.length === 0) return [];
  const lines = alignTable(out, columns, rows, out.width - INDENT.length);
  return ["", out.style("bold", title), ...lines.map((line) => INDENT + line)];
}

/** The same with keys on the left and their values on the right. */
export function pairSection(out: Output, title: string, pairs: readonly (readonly [string, string])[]): string[] {
  return tableSection(out, title, PAIR_COLUMNS, pairs.map(pairCells));
}

/** Keys and their values as lines. */
export function pairLines(out: Output, pairs: readonly (readonly [string, string])[]): string[] {
  return alignTable(out, PAIR_COLUMNS, pairs.map(pairCells));
}

const PAIR_COLUMNS: readonly Column[] = [{ header: "" }, { header: "" }];

const pairCells = ([key, value]: readonly [string, string]): Cell[] => [
  { text: safeText(key), style: "cyan" },
  { text: safeText(value) },
];
