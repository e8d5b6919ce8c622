import type { TidemarkError } from "../base/errors.ts";
import type { BatchPositions } from "./batch.ts";

/**
 * How far a write came. Expected failures are outcomes, never exceptions.
 *
 * What is in `accepted` is at the backend and is never sent again, whatever the status says: a failure in file 5 of 10 or
 * post 3 of 5 repeats nothing that landed.
 */
export type Outcome =
  /** All of the batch is at the backend. */
  | { readonly status: "ok" }
  /** What is not in `accepted` may be sent again: after `retryAfterMs` if the backend asked for a pause, else by the queue's schedule. */
  | {
      readonly status: "retryable";
      readonly error: TidemarkError;
      readonly accepted?: BatchPositions;
      readonly retryAfterMs?: number;
    }
  /**
   * What is in `rejected` will never be taken and leaves the queue; what is in neither list is sent again. Without `rejected`
   * the sink can't tell which part was refused, and the queue finds out by sending smaller batches.
   */
  | {
      readonly status: "permanent";
      readonly error: TidemarkError;
      readonly accepted?: BatchPositions;
      readonly rejected?: BatchPositions;
    };

/** The outcome of a write that took everything. */
export const OK: Outcome = { status: "ok" };

const FINAL: ReadonlySet<TidemarkError["code"]> = new Set(["RESOURCE_DOES_NOT_EXIST", "INVALID_STATE"]);

/** Whether the run itself takes nothing any more: no smaller part of a batch would fare better. */
export const isFinal = ({ code }: TidemarkError): boolean => FINAL.has(code);
