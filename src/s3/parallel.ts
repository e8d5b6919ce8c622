import { refuseIfAborted } from "../base/store-errors.ts";

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
  const failure = new AbortController();
  const signal = wish === undefined ? failure.signal : AbortSignal.any([wish, failure.signal]);
  const results: T[] = [];
  const errors: unknown[] = [];
  const waiting = [...tasks].entries();
  const work = async () => {
    for (const [at, task] of waiting) {
      if (signal.aborted) return;
      try {
        results[at] = await task(signal);
      } catch (error) {
        errors.push(error);
        failure.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  refuseIfAborted(wish);
  if (errors.length > 0) throw errors[0];
  return results;
}
