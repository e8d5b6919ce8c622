import { refuseIfAborted } from "../base/store-errors.ts";

/**
 * Does something for every item, some at once. The first error stops what has not begun, and is thrown when what had begun has ended.
 */
export async function inParallel<T>(
  items: Iterable<T> | AsyncIterable<T>,
  { concurrency, signal }: { readonly concurrency: number; readonly signal: AbortSignal },
  work: (item: T) => Promise<void>,
): Promise<void> {
  const { default: PQueue } = await import("p-queue");
  const queue = new PQueue({ concurrency });
  const errors: unknown[] = [];
  for await (const item of items) {
    // What waits is bounded, however many items there are.
    await queue.onSizeLessThan(concurrency);
    if (errors.length > 0 || signal.aborted) break;
    void queue.add(() => work(item)).catch((error: unknown) => errors.push(error));
  }
  await queue.onIdle();
  if (errors.length > 0) throw errors[0];
  refuseIfAborted(signal);
}
