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
