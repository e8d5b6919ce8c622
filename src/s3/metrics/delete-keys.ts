import type { S3Client } from "../client.ts";
import type { S3RequestOptions } from "../object-requests.ts";
import { inParallel } from "../parallel.ts";

const PARALLEL_DELETES = 8;

/** Deletes objects, some at a time. What is not there is fine. One by one: deleting is free, and not every storage can delete many at once. */
export async function deleteKeys(client: S3Client, keys: readonly string[], options: S3RequestOptions): Promise<void> {
  if (keys.length === 0) return;
  const tasks = keys.map((key) => (signal: AbortSignal) => client.delete(key, { signal }));
  await inParallel(tasks, PARALLEL_DELETES, options.signal);
}
