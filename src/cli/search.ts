import type { ViewType } from "../contract/tracking-store.ts";

/** The options that every list has. */
export interface SearchOptions {
  readonly filter?: string;
  readonly orderBy?: string[];
  readonly limit: number;
  readonly all?: true;
  readonly deleted?: true;
}

const LARGEST_PAGE = 1_000;

/** The same as a client's search calls take it. One more than the limit tells whether there is more. */
export function searchQuery({ filter, orderBy, limit }: SearchOptions) {
  return { filter, orderBy, maxResults: Math.min(limit + 1, LARGEST_PAGE) };
}

/** Whether deleted entities are listed. */
export function viewTypeOf({ all, deleted }: SearchOptions): ViewType {
  return all ? "all" : deleted ? "deleted" : "active";
}

/** The first entities of a list, and whether there are more. */
export async function takeFirst<T>(list: AsyncIterable<T>, limit: number): Promise<{ items: T[]; hasMore: boolean }> {
  const items: T[] = [];
  for await (const item of list) {
    if (items.length === limit) return { items, hasMore: true };
    items.push(item);
  }
  return { items, hasMore: false };
}
