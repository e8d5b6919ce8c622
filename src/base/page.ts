import { invalidArgument } from "./errors.ts";

/** What a list is ordered by: newest first, then by id. */
export interface Position {
  readonly time: number;
  readonly id: string;
}

const byPosition = (a: Position, b: Position): number => b.time - a.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * Sorts entries and cuts one page out of them. Its token names the last entry, so that what comes or goes meanwhile shifts
 * nothing. An entry that `load` has no answer for is left out.
 */
export function cutPage<T extends Position, Item>(
  entries: readonly T[],
  { maxResults, pageToken }: { readonly maxResults: number; readonly pageToken?: string },
  load: (entry: T) => Item | undefined,
): { items: Item[]; nextPageToken?: string } {
  const after = pageToken === undefined ? undefined : decode(pageToken);
  const rest = entries.filter((entry) => after === undefined || byPosition(entry, after) > 0).sort(byPosition);
  const chosen = rest.slice(0, maxResults);
  const items = chosen.flatMap((entry) => load(entry) ?? []);
  const last = chosen.at(-1);
  return last === undefined || chosen.length === rest.length ? { items } : { items, nextPageToken: encode(last) };
}

/** Which entities a list shows, by the stage of their life. */
export const isShown = (viewType: "active" | "deleted" | "all", stage: "active" | "deleted"): boolean =>
  viewType === "all" || viewType === stage;

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
