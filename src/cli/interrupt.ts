import { TidemarkError } from "../base/errors.ts";

/** What shells make of a program that Ctrl+C ended. */
const INTERRUPTED = 130;

/** Does something that Ctrl+C stops, and answers the exit code. What goes on to a proper end all the same decides that by itself. */
export async function interruptible(
  work: (signal: AbortSignal) => Promise<number | undefined>,
  { signals = ["SIGINT"] }: { readonly signals?: readonly NodeJS.Signals[] } = {},
): Promise<number | undefined> {
  const stop = new AbortController();
  const onInterrupt = () => stop.abort();
  for (const signal of signals) process.once(signal, onInterrupt);
  try {
    return await work(stop.signal);
  } catch (error) {
    if (stop.signal.aborted && isCancellation(error)) return INTERRUPTED;
    throw error;
  } finally {
    for (const signal of signals) process.removeListener(signal, onInterrupt);
  }
}

const isCancellation = (error: unknown): boolean =>
  error instanceof TidemarkError ? error.code === "CANCELLED" : error instanceof Error && error.name === "AbortError";
