import type { S3Place } from "../s3-place.ts";

/** Where a store keeps what it has, and what is no path. */
const RESERVED = /^(?:runs|logged-models|models|model-names|exp-names|idx)\/|(?:^|\/)\.{0,2}(?:\/|$)/;

export const uriIn = (place: S3Place, path: string): string => `${place.uri}/${path}`;

/**
 * Where artifacts are that lie below the store, but not with the entity: a location that anybody may have written. Only a directory that has the
 * very id before its last segment is the entity's own, and none of what others keep.
 */
export function ownDirectory(place: S3Place, uri: string, id: string): string | undefined {
  const base = uriIn(place, "");
  const path = uri.startsWith(base) ? uri.slice(base.length) : "";
  return path.endsWith(`/${id}/artifacts`) && !RESERVED.test(path) ? path : undefined;
}
