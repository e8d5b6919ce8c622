import { transferCancelled } from "../base/store-errors.ts";

/**
 * Runs tasks, some at a time, and answers what they answer, in order. The first failure stops the others; all of them have ended when
 * this one does.
 *
 * @throws {TidemarkError} the first failure; `CANCELLED`
 */
export async function inParallel<T>(
  tasks: Iterable<(signal: AbortSignal) => Promise<T>>,
  concurrency: number,
  wish: AbortSignal | undefined,
): Promise<T[]> {
  const { default: PQueue } = await import("p-queue");
  const queue = new PQueue({ concurrency });
  const failure = new AbortController();
  const signal = wish === undefined ? failure.signal : AbortSignal.any([wish, failure.signal]);
  const results: T[] = [];
  const errors: unknown[] = [];
  let count = 0;
  for (const task of tasks) {
    const at = count++;
    void queue.add(async () => {
      if (signal.aborted) return;
      try {
        results[at] = await task(signal);
      } catch (error) {
        errors.push(error);
        failure.abort();
      }
    });
  }
  await queue.onIdle();
  if (wish?.aborted === true) throw transferCancelled(wish);
  if (errors.length > 0) throw errors[0];
  return results;
}
