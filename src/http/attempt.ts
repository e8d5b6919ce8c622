import { TidemarkError } from "../base/errors.ts";

/** How one try went. */
export type Attempt<T = string> = { readonly status: "ok"; readonly value: T } | FailedAttempt;

export interface FailedAttempt {
  readonly status: "failed";
  readonly error: TidemarkError;
  readonly isRetryable: boolean;
  /** The server has it, or may have it. */
  readonly mayHaveArrived: boolean;
  readonly retryAfterMs: number | undefined;
}

/** A request that has not been sent and never will be. */
export const unsent = (error: TidemarkError): FailedAttempt => ({
  status: "failed",
  error,
  isRetryable: false,
  mayHaveArrived: false,
  retryAfterMs: undefined,
});

/** Somebody has lost interest in an answer of `base`. */
export const cancelled = (base: string, signal: AbortSignal | undefined): TidemarkError =>
  new TidemarkError("CANCELLED", `the request to ${base} was cancelled`, { cause: signal?.reason });
