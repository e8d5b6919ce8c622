import { invalidArgument } from "../base/errors.ts";
import type { Page, PageRequest } from "../contract/tracking-store.ts";

/** What a list is ordered by: newest first, then by id. */
export interface Position {
  readonly time: number;
  readonly id: string;
}

export const byPosition = (a: Position, b: Position): number =>
  b.time - a.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** Cuts one page out of sorted entries. Its token names the last entry, so that what comes or goes meanwhile shifts nothing. */
export function cutPage<T extends Position>(sorted: readonly T[], { maxResults, pageToken }: PageRequest): Page<T> {
  const after = pageToken === undefined ? undefined : decode(pageToken);
  const first = after === undefined ? 0 : sorted.findIndex((entry) => byPosition(entry, after) > 0);
  const items = first < 0 ? [] : sorted.slice(first, first + maxResults);
  const last = items.at(-1);
  const isLastPage = last === undefined || first + items.length === sorted.length;
  return isLastPage ? { items } : { items, nextPageToken: encode(last) };
}

const encode = ({ time, id }: Position) => Buffer.from(JSON.stringify([time, id])).toString("base64url");

function decode(token: string): Position {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (Array.isArray(parsed) && parsed.length === 2) {
      const [time, id] = parsed;
      if (typeof time === "number" && typeof id === "string") return { time, id };
    }
  } catch {
    // Said below.
  }
  throw invalidArgument("pageToken", token, "the nextPageToken of an earlier page");
}
