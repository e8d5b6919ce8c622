import { isoTime } from "../base/iso-time.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** From here on a date says more than a count of days. */
const LONGEST_RELATIVE_MS = 30 * DAY_MS;

/** How long ago, in the largest fitting unit; a date where that is long ago or to come. */
export function relativeTime(timeMs: number, nowMs: number): string {
  const ago = nowMs - timeMs;
  if (!(ago > -MINUTE_MS && ago < LONGEST_RELATIVE_MS)) return isoTime(timeMs).replace(/T.*/, "");
  if (ago < 10 * SECOND_MS) return "just now";
  if (ago < MINUTE_MS) return `${Math.floor(ago / SECOND_MS)} s ago`;
  if (ago < HOUR_MS) return `${Math.floor(ago / MINUTE_MS)} min ago`;
  if (ago < DAY_MS) return `${Math.floor(ago / HOUR_MS)} h ago`;
  const days = Math.floor(ago / DAY_MS);
  return days === 1 ? "1 day ago" : `${days} days ago`;
}
