import { invalidArgument } from "../base/errors.ts";
import type { SortKey } from "./order-by.ts";
import type { Searchable } from "./searchable.ts";
import { compareValues, type SortValues } from "./sort.ts";

/** How long a page is, and where it starts. */
export interface PageCut {
  readonly maxResults: number;
  readonly pageToken?: string;
}

/**
 * Sorts entities and cuts one page out of them. Its token names the place of the last entity, so that what comes or goes meanwhile
 * shifts nothing. The last sort key must tell any two entities apart. What `load` has no answer for is left out.
 */
export function cutPage<T, Item>(
  entities: readonly T[],
  searchableOf: (entity: T) => Searchable,
  keys: readonly SortKey[],
  { maxResults, pageToken }: PageCut,
  load: (entity: T) => Item | undefined,
): { items: Item[]; nextPageToken?: string } {
  const after = pageToken === undefined ? undefined : decode(pageToken, keys.length);
  const placed = entities.map((entity) => {
    const searchable = searchableOf(entity);
    return { entity, place: keys.map((key) => key.read(searchable)) };
  });
  const rest = after === undefined ? placed : placed.filter(({ place }) => compareValues(keys, place, after) > 0);
  const chosen = firstOf(rest, maxResults, (a, b) => compareValues(keys, a.place, b.place));
  const items = chosen.flatMap(({ entity }) => load(entity) ?? []);
  const last = chosen.at(-1);
  if (last === undefined || chosen.length === rest.length) return { items };
  return { items, nextPageToken: encode(last.place) };
}

/** A short page of many is picked out; of a longer one, or of a few, it is quicker to sort them all. */
const LONGEST_PICKED = 1_000;
const PICKED_SHARE = 8;

/** The first of them in order. */
function firstOf<T>(items: readonly T[], count: number, compare: (a: T, b: T) => number): T[] {
  const isPicked = count > 0 && count <= LONGEST_PICKED && count * PICKED_SHARE < items.length;
  if (!isPicked) return items.toSorted(compare).slice(0, count);
  const first: T[] = [];
  for (const item of items) {
    const last = first.at(-1);
    if (first.length === count && last !== undefined && compare(item, last) >= 0) continue;
    if (first.length === count) first.pop();
    first.splice(placeOf(item, first, compare), 0, item);
  }
  return first;
}

/** Where it belongs: behind all that come before it, or are as good. */
function placeOf<T>(item: T, sorted: readonly T[], compare: (a: T, b: T) => number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (compare(sorted[middle] as T, item) <= 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Which entities a list shows, by the stage of their life. */
export const isShown = (viewType: "active" | "deleted" | "all", stage: "active" | "deleted"): boolean =>
  viewType === "all" || viewType === stage;

/** JSON has no NaN, no infinities and nothing that is missing: numbers are written as text in a list, missing values as null. */
function encode(place: SortValues): string {
  const json = place.map((value) => (value === undefined ? null : typeof value === "number" ? [String(value)] : value));
  return Buffer.from(JSON.stringify(json)).toString("base64url");
}

function decode(token: string, length: number): SortValues {
  try {
    const json: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (Array.isArray(json) && json.length === length) return json.map(decodeValue);
  } catch {
    // Said below.
  }
  throw invalidArgument("pageToken", token, "the nextPageToken of an earlier page of the same search");
}

function decodeValue(value: unknown): string | number | undefined {
  if (value === null) return undefined;
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.length === 1 && typeof value[0] === "string") return Number(value[0]);
  throw new TypeError("no value of a place");
}
