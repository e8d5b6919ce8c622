import { z } from "zod";
import { s3OptionsSchema } from "../s3-options.ts";

export const s3StoreOptionsSchema = s3OptionsSchema.extend({
  /**
   * `"single-writer"` says that no other program ever writes to this store while this one does: then it may be at a storage that does not
   * keep the conditions of writes. Default: `"many-writers"`, and such a storage is refused.
   */
  concurrency: z.enum(["many-writers", "single-writer"]).optional(),
  /**
   * How long one object of the store rests after it was written, in milliseconds: changes that come meanwhile are written together. Default:
   * 1,000, because some storages (Cloudflare R2, Google) take one write a second of one object, and answer 429 to more.
   */
  headIntervalMs: z.number().min(0).max(60_000).optional(),
});

/** What `connect` takes for an `s3:` address. @interface */
export type S3StoreOptions = z.input<typeof s3StoreOptionsSchema>;
