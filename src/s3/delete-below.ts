import { TidemarkError } from "../base/errors.ts";
import type { S3Client } from "./client.ts";
import { inParallel } from "./parallel.ts";
import { placeOf } from "./s3-error.ts";

const PARALLEL_DELETIONS = 8;

/**
 * Deletes all objects whose keys begin so. Answers how many there were.
 *
 * @throws {TidemarkError} S3's error; where some objects could not be deleted, the first of them
 */
export async function deleteBelow(client: S3Client, prefix: string): Promise<number> {
  let count = 0;
  for await (const { objects } of client.list({ prefix })) {
    if (objects.length === 0) continue;
    count += objects.length;
    await deleteAll(
      client,
      objects.map(({ key }) => key),
    );
  }
  return count;
}

/** Deletes at most a thousand objects. @throws {TidemarkError} where some could not be deleted, for the first of them */
export async function deleteAll(client: S3Client, keys: readonly string[]): Promise<void> {
  try {
    const [failure] = (await client.deleteMany(keys)).failures;
    if (failure === undefined) return;
    const message = `the storage did not delete ${placeOf(client.bucket, failure.key)}: ${failure.storageCode}`;
    throw new TidemarkError(failure.storageCode === "AccessDenied" ? "PERMISSION_DENIED" : "STORAGE_ERROR", message);
  } catch (error) {
    // Not every storage takes many at once.
    if (!(error instanceof TidemarkError && error.code === "NOT_IMPLEMENTED")) throw error;
    const tasks = keys.map((key) => (signal: AbortSignal) => client.delete(key, { signal }));
    await inParallel(tasks, PARALLEL_DELETIONS, undefined);
  }
}
