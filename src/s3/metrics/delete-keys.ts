import { warnOnce } from "../../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import type { S3Client } from "../client.ts";
import type { S3RequestOptions } from "../object-requests.ts";
import { inParallel } from "../parallel.ts";

const PARALLEL_DELETES = 8;

/** Deletes objects, some at a time. What is not there is fine. One by one: deleting is free, and not every storage can delete many at once. */
async function deleteKeys(client: S3Client, keys: readonly string[], options: S3RequestOptions): Promise<void> {
  if (keys.length === 0) return;
  const tasks = keys.map((key) => (signal: AbortSignal) => client.delete(key, { signal }));
  await inParallel(tasks, PARALLEL_DELETES, options.signal);
}

/**
 * Deletes what does not count any more. Where the storage refuses, a bucket whose objects are kept for good say, it only takes room: that is said
 * once, and whoever puts metrics together next tries again.
 *
 * @throws {TidemarkError} `CANCELLED`
 */
export async function deleteRubbish(
  client: S3Client,
  keys: readonly string[],
  options: S3RequestOptions,
): Promise<void> {
  try {
    await deleteKeys(client, keys, options);
  } catch (error) {
    if (!(error instanceof TidemarkError) || options.signal?.aborted === true) throw error;
    warnOnce(
      `rubbish-s3:${client.bucket}`,
      `${keys.length} objects of bucket "${client.bucket}" that do not count any more stay there, and more will: ${messageOf(error)}`,
    );
  }
}
