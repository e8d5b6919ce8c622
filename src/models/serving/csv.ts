import { invalidArgument } from "../../base/errors.ts";

/** The cells of a file, the header apart. */
export interface CsvTable {
  readonly names: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What is read at a time: a record, and where the next begins. */
interface Position {
  readonly text: string;
  at: number;
  /** Of the record, from 1. */
  line: number;
  lineStart: number;
}

const BYTE_ORDER_MARK = "\ufeff";
/** What may stand in a cell without quotes. */
const PLAIN_CELL = /[^",\r\n]*/y;

/**
 * Reads CSV with a header: commas, cells in quotes with `""` for a quote and line breaks as they are, any line ends.
 * Empty lines are passed over. A column without a name has pandas' name for it: its index, which `to_csv` writes
 * first, is `Unnamed: 0`.
 *
 * @param place for the message
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` with line and column for quotes where none may be, rows of other
 * lengths than the header,
 *   and names that stand twice
 */
export function parseCsv(place: string, text: string): CsvTable {
  const start = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  const position: Position = { text, at: start, line: 1, lineStart: start };
  let names: readonly string[] | undefined;
  const rows: string[][] = [];
  while (position.at < text.length) {
    const { line } = position;
    const cells = readRecord(place, position);
    if (cells === undefined) continue;
    if (names === undefined) names = header(place, line, cells);
    else if (cells.length === names.length) rows.push(cells);
    else throw invalidArgument(`${place}, line ${line}`, cells.length, `${names.length} cells, as the header has`);
  }
  if (names === undefined) throw invalidArgument(place, "an empty text", "CSV with a header");
  return { names, rows };
}

function header(place: string, line: number, cells: readonly string[]): string[] {
  const names = cells.map((name, index) => (name === "" ? `Unnamed: ${index}` : name));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidArgument(`${place}, line ${line}`, twice, "each name of a column once");
  return names;
}

/** `undefined` for an empty line. */
function readRecord(place: string, position: Position): string[] | undefined {
  const cells: string[] = [];
  const { at } = position;
  let isMore = true;
  while (isMore) {
    cells.push(position.text[position.at] === '"' ? quotedCell(place, position) : plainCell(place, position));
    isMore = position.text[position.at] === ",";
    if (isMore) position.at++;
  }
  const isEmpty = position.at === at;
  skipLineEnd(position);
  return isEmpty ? undefined : cells;
}

function plainCell(place: string, position: Position): string {
  PLAIN_CELL.lastIndex = position.at;
  const cell = (PLAIN_CELL.exec(position.text) as RegExpExecArray)[0];
  position.at += cell.length;
  if (position.text[position.at] === '"') throw misplaced(place, position, '"', "quotes around the whole cell");
  return cell;
}

function quotedCell(place: string, position: Position): string {
  const opening = { ...position };
  const parts: string[] = [];
  position.at++;
  for (;;) {
    const end = position.text.indexOf('"', position.at);
    if (end < 0) throw misplaced(place, opening, '"', "a second one that ends the cell");
    parts.push(position.text.slice(position.at, end));
    position.at = end + 1;
    if (position.text[position.at] !== '"') break;
    parts.push('"');
    position.at++;
  }
  countLines(position, opening.at);
  const next = position.text[position.at];
  if (next !== undefined && !",\r\n".includes(next))
    throw misplaced(place, position, next, "a comma behind the quotes");
  return parts.join("");
}

const LINE_END = /\r\n|\r|\n/g;

function countLines(position: Position, from: number): void {
  for (const { index, 0: end } of position.text.slice(from, position.at).matchAll(LINE_END)) {
    position.line++;
    position.lineStart = from + index + end.length;
  }
}

function skipLineEnd(position: Position): void {
  if (position.at >= position.text.length) return;
  position.at += position.text.startsWith("\r\n", position.at) ? 2 : 1;
  position.line++;
  position.lineStart = position.at;
}

const misplaced = (place: string, { line, at, lineStart }: Position, received: string, allowed: string) =>
  invalidArgument(`${place}, line ${line}, column ${at - lineStart + 1}`, received, allowed);
