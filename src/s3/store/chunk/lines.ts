import type { z } from "zod";
import { checkHead, parseJson } from "../heads.ts";

const LINE_END = "\n".charCodeAt(0);
const COMMA = ",".charCodeAt(0);

/** Heads that stand on lines. The text is used up. @throws {TidemarkError} `DATA_DAMAGED` */
export function parseLines<T>(lines: Buffer, schema: z.ZodType<T>, place: string): T[] {
  const heads = parseJson(`[${asList(lines)}]`, place) as readonly unknown[];
  return heads.map((head) => checkHead(schema, head, place));
}

/** The lines with commas between them, to be parsed at once: thousands of texts, one for each, would take half as long again. */
function asList(lines: Buffer): string {
  const end = lines.at(-1) === LINE_END ? lines.length - 1 : lines.length;
  for (let at = lines.indexOf(LINE_END); at >= 0 && at < end; at = lines.indexOf(LINE_END, at + 1)) lines[at] = COMMA;
  return lines.toString("utf8", 0, end);
}

/** One line, from 0; `undefined` where there are not so many. */
export function lineAt(lines: Buffer, at: number): string | undefined {
  let begin = 0;
  for (let line = 0; line < at; line++) {
    begin = lines.indexOf(LINE_END, begin) + 1;
    if (begin === 0) return undefined;
  }
  const end = lines.indexOf(LINE_END, begin);
  return end < 0 ? undefined : lines.toString("utf8", begin, end);
}
