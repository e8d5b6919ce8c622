import { z } from "zod";
import { TidemarkError } from "../../base/errors.ts";
import { STORE_FILE } from "./layout.ts";
import { damaged, newNonce, type StoreObjects } from "./store-objects.ts";

/** The version of the format that is written, and the only one that is read. docs/formats/s3-store.md is its description. */
export const STORE_FORMAT = 1;
const LARGEST_BYTES = 1 << 16;

const storeFileSchema = z.object({
  format: z.literal("tidemark-s3-store"),
  version: z.int().positive(),
  /** Unique: a copy of a bucket is told apart by its address. */
  id: z.string().min(1),
  /** Milliseconds since 1970. */
  createdAt: z.int().nonnegative(),
});
/** What makes a prefix of a bucket a store. */
export type StoreFile = z.infer<typeof storeFileSchema>;

export const newStoreFile = (): StoreFile => ({
  format: "tidemark-s3-store",
  version: STORE_FORMAT,
  id: newNonce(),
  createdAt: Date.now(),
});

/**
 * `undefined` where there is no store yet.
 *
 * @throws {TidemarkError} `DATA_DAMAGED`; `NOT_IMPLEMENTED` for a version that came after this one
 */
export async function readStoreFile(objects: StoreObjects): Promise<StoreFile | undefined> {
  const object = await objects.get(STORE_FILE, LARGEST_BYTES);
  if (object === undefined) return undefined;
  const place = objects.describe(STORE_FILE);
  let json: unknown;
  try {
    json = JSON.parse(object.bytes.toString("utf8"));
  } catch (error) {
    throw damaged(place, "is no JSON", error);
  }
  const result = storeFileSchema.safeParse(json);
  if (!result.success) throw damaged(place, "is not the file of a store", result.error);
  const { version } = result.data;
  if (version === STORE_FORMAT) return result.data;
  const message = `the store of ${place} has format version ${version}; this version of tidemark knows ${STORE_FORMAT}`;
  throw new TidemarkError("NOT_IMPLEMENTED", message);
}
