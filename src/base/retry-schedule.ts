import { ownRandom } from "./random.ts";

/** How long to wait between attempts, and for how long to try. All in milliseconds. */
export interface RetryPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** After this long without success, whoever waits is told. */
  readonly budgetMs: number;
}

/** For anything behind a network. */
export const NETWORK_RETRY: RetryPolicy = { baseMs: 500, capMs: 30_000, budgetMs: 300_000 };

/** For local disk: a full disk does not heal in milliseconds, and nobody should wait minutes at the end of a training. */
export const LOCAL_RETRY: RetryPolicy = { baseMs: 50, capMs: 1_000, budgetMs: 2_000 };

/**
 * The wait before attempt `attempt` (1 is the first repeat): full jitter, so that many clients of one server don't come back
 * together. A server's own wish (`Retry-After`) is followed as it is, up to an hour.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  attempt: number,
  retryAfterMs: number | undefined,
  random: () => number = ownRandom,
): number {
  if (retryAfterMs !== undefined) return Math.min(Math.max(0, retryAfterMs), LONGEST_RETRY_AFTER_MS);
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
  return random() * ceiling;
}

const LONGEST_RETRY_AFTER_MS = 3_600_000;
