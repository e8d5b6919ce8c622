import { MODEL_VERSIONS_TAG } from "../schema/known-tags.ts";
import { runIdSchema } from "../schema/run.ts";

/**
 * What a copy has in a store that gives ids by itself: the id, or the number, that it had where it was first. By this a repeat finds it, and
 * a copy of a copy gets it back. A tag, so that it is in the target itself, however often a sync was interrupted.
 */
export const SYNCED_FROM_TAG = "tidemark.syncedFrom";
/** The URI of the store that it was copied from, for people. */
export const SYNCED_FROM_STORE_TAG = "tidemark.syncedFromStore";

type Tags = Readonly<Record<string, string>>;

/** The tags of a copy. */
export const originTags = (origin: string, storeUri: string): Record<string, string> => ({
  [SYNCED_FROM_TAG]: origin,
  [SYNCED_FROM_STORE_TAG]: storeUri,
});

/** The id that a run or logged model had where it was first. The tag may hold anything: it counts where it is an id. */
export function originOf({ id, tags }: { readonly id: string; readonly tags: Tags }): string {
  const origin = Object.hasOwn(tags, SYNCED_FROM_TAG) ? tags[SYNCED_FROM_TAG] : undefined;
  return origin !== undefined && runIdSchema.safeParse(origin).success ? origin : id;
}

/** The number that a version had where it was first. */
export function originNumber({ version, tags }: { readonly version: number; readonly tags: Tags }): number {
  const origin = Object.hasOwn(tags, SYNCED_FROM_TAG) ? (tags[SYNCED_FROM_TAG] as string) : "";
  return /^[1-9]\d{0,14}$/.test(origin) ? Number(origin) : version;
}

/** Tags that a store writes by itself: what a copy says of itself, and what MLflow's server notes of the versions of a logged model. */
const OF_THE_STORE: ReadonlySet<string> = new Set([SYNCED_FROM_TAG, SYNCED_FROM_STORE_TAG, MODEL_VERSIONS_TAG]);

/** The tags that are to be copied. */
export const ownTags = (tags: Tags): Record<string, string> =>
  Object.fromEntries(Object.entries(tags).filter(([key]) => !OF_THE_STORE.has(key)));
