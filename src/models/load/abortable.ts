import { TidemarkError } from "../../base/errors.ts";

/**
 * Waits for work until a signal fires: the work itself may go on, as runtimes cannot be stopped in the middle.
 *
 * @throws {TidemarkError} `CANCELLED`
 */
export async function abortable<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  throwIfAborted(signal);
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(cancelled(signal));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

/** @throws {TidemarkError} `CANCELLED` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled(signal);
}

const cancelled = ({ reason }: AbortSignal) =>
  new TidemarkError("CANCELLED", "cancelled by its signal", { cause: reason });
