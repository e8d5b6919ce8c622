import { z } from "zod";
import { checkArgument } from "../../schema/check.ts";
import { checkS3Options, type S3Options } from "../s3-options.ts";

/** Storages that take one write a second of one object answer 429 to more. */
const DEFAULT_HEAD_INTERVAL_MS = 1_000;

const ownOptionsSchema = z.strictObject({
  concurrency: z.enum(["many-writers", "single-writer"]).default("many-writers"),
  headIntervalMs: z.number().min(0).max(60_000).default(DEFAULT_HEAD_INTERVAL_MS),
});
type OwnOptions = z.output<typeof ownOptionsSchema>;

/** What `connect` takes for an `s3:` address. */
export interface S3StoreOptions extends S3Options {
  /**
   * `"single-writer"` says that no other program ever writes to this store while this one does: then it may be at a storage that does not
   * keep the conditions of writes. Default: `"many-writers"`, and such a storage is refused.
   */
  readonly concurrency?: OwnOptions["concurrency"];
  /**
   * How long one object of the store rests after it was written, in milliseconds: changes that come meanwhile are written together. Default:
   * 1,000, because some storages (Cloudflare R2, Google) take one write a second of one object, and answer 429 to more.
   */
  readonly headIntervalMs?: number;
}

/** @throws {TidemarkError} `INVALID_PARAMETER_VALUE` */
export function checkStoreOptions(options: S3StoreOptions): { readonly reach: S3Options; readonly own: OwnOptions } {
  const { concurrency, headIntervalMs, ...reach } = options;
  const own = {
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(headIntervalMs === undefined ? {} : { headIntervalMs }),
  };
  return { reach: checkS3Options(reach), own: checkArgument("options", ownOptionsSchema, own) };
}
