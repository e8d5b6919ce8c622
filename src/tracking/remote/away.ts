import { TidemarkError } from "../../base/errors.ts";

/** How long whoever opens a run, or logs a file, waits for the backend before it is done without. */
export const PATIENCE_MS = 10_000;

/** True where the backend did not answer, or cannot now: the same may work later. */
export const isAway = (error: unknown): boolean =>
  error instanceof TidemarkError && (error.code === "TEMPORARILY_UNAVAILABLE" || error.code === "DEADLINE_EXCEEDED");

/** True where a run that the backend had is deleted or missing: it takes nothing any more. */
export const isGone = (error: unknown): boolean =>
  error instanceof TidemarkError && (error.code === "RESOURCE_DOES_NOT_EXIST" || error.code === "INVALID_STATE");

/** Waits for a backend, but not longer than that. The work itself goes on. @throws {TidemarkError} `DEADLINE_EXCEEDED` */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const late = () =>
      reject(new TidemarkError("DEADLINE_EXCEEDED", `the backend has not answered for ${timeoutMs} ms`));
    timer = setTimeout(late, timeoutMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
