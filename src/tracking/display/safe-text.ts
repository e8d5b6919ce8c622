import { truncate } from "../../base/text.ts";

/** Longer ones are a text to read, not a cell of a table. */
const LONGEST_CELL = 200;

/** Control characters, halves of characters, what is none in XML, and what turns the direction of the text around. */
const UNSAFE = /[\p{Cc}\p{Cs}\ufffe\uffff\u202a-\u202e\u2066-\u2069]/gu;

/** Shortened, and without what moves cursors or breaks an SVG. */
export const cellText = (text: string): string => truncate(text, LONGEST_CELL).replace(UNSAFE, " ");

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** As text in HTML and in SVG: whatever a param or a name holds, no element comes of it. */
export const escaped = (text: string): string =>
  cellText(text).replace(/[&<>"']/g, (character) => ESCAPES[character] as string);

/** A time in milliseconds since 1970 as `2026-11-26 18:10:00`, in UTC. */
export function timeText(timeMs: number | undefined): string {
  if (timeMs === undefined) return "";
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? String(timeMs) : time.toISOString().slice(0, 19).replace("T", " ");
}
