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
  rest.sort((a, b) => compareValues(keys, a.place, b.place));
  const chosen = rest.slice(0, maxResults);
  const items = chosen.flatMap(({ entity }) => load(entity) ?? []);
  const last = chosen.at(-1);
  if (last === undefined || chosen.length === rest.length) return { items };
  return { items, nextPageToken: encode(last.place) };
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
