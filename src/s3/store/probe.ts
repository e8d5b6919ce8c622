import { messageOf, TidemarkError } from "../../base/errors.ts";
import { PROBE_DIRECTORY } from "./layout.ts";
import type { Concurrency } from "./store-client.ts";
import { newNonce, type StoreObjects } from "./store-objects.ts";

const BODY = Buffer.from("{}");
/** The ETag of no object. */
const NO_ETAG = '"00000000000000000000000000000000"';

/** Whether a storage keeps the conditions of writes, as four requests show it. */
export type Honesty = { readonly isHonest: true } | { readonly isHonest: false; readonly reason: string };

/**
 * Creates an object twice, of which the second must be refused, and changes it by a wrong ETag, which must be too. Some storages take such
 * conditions and do not keep them: what many write at once would be lost there without a word.
 *
 * @throws {TidemarkError} where the storage cannot be asked
 */
export async function probe(objects: StoreObjects): Promise<Honesty> {
  const key = `${PROBE_DIRECTORY}/${newNonce()}`;
  const put = (condition: { ifAbsent: true } | { ifMatch: string }) => objects.putIf(key, BODY, condition);
  try {
    if ((await put({ ifAbsent: true })).status === "refused") return dishonest("refuses If-None-Match for a new key");
    if ((await put({ ifAbsent: true })).status === "written") return dishonest("ignores If-None-Match");
    if ((await put({ ifMatch: NO_ETAG })).status === "written") return dishonest("ignores If-Match");
    return { isHonest: true };
  } catch (error) {
    const isUnknown =
      error instanceof TidemarkError && (error.code === "NOT_IMPLEMENTED" || error.details.httpStatus === 400);
    if (!isUnknown) throw error;
    return dishonest(`knows no writes with conditions (${messageOf(error)})`);
  } finally {
    // What is left of a probe harms nobody.
    await objects.delete(key).catch(() => {});
  }
}

/** How conditions are kept. @throws {TidemarkError} `NOT_IMPLEMENTED` for a storage that keeps none, with many writers */
export function concurrencyAt(origin: string, honesty: Honesty, wish: Concurrency): Concurrency {
  if (honesty.isHonest) return "many-writers";
  if (wish === "single-writer") return "single-writer";
  const message =
    `the storage at ${origin} ${honesty.reason}: what several programs write at once would be lost there. ` +
    'If no other program ever writes to this store, say so: concurrency: "single-writer"';
  throw new TidemarkError("NOT_IMPLEMENTED", message, { details: { origin } });
}

const dishonest = (reason: string): Honesty => ({ isHonest: false, reason });
