/**
 * C0 and C1 controls, line separators, marks that turn the direction of writing, halves of a character: what can move a cursor, colour what
 * follows, break a row in two or show a text in another order than it has.
 */
export const UNSAFE_CHARACTERS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Length as Python counts it, in code points: what MLflow's limits mean. */
function lengthInCodePoints(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** True when a text is over a limit in code points. Counting them is only needed between once and twice the limit. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  return text.length > 2 * limit || lengthInCodePoints(text) > limit;
}

/** The text, cut to at most `limit` code points with an ellipsis, where a long value must not be refused. */
export function truncate(text: string, limit: number): string {
  if (!isLongerThan(text, limit)) return text;
  return `${Array.from(text.slice(0, 2 * limit))
    .slice(0, limit - 1)
    .join("")}…`;
}
