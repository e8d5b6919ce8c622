import type { TidemarkError } from "../base/errors.ts";
import type { Batch, BatchPositions } from "../contract/batch.ts";
import { otherPositions } from "../contract/batch-positions.ts";
import { isFinal, OK, type Outcome } from "../contract/outcome.ts";
import type { FailedAttempt } from "./attempt.ts";
import type { LogBatchPart, PositionRange } from "./log-batch.ts";

/** A request that the server did not take. */
export interface FailedPart extends FailedAttempt {
  /** The entries it is refused for, where that is known. */
  readonly culprits?: BatchPositions | undefined;
}

// Who may not write now may be allowed to later, and a certificate may be put right: values are not given up for it.
const LATER: ReadonlySet<TidemarkError["code"]> = new Set([
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "TEMPORARILY_UNAVAILABLE",
  "CANCELLED",
  "NOT_IMPLEMENTED",
]);

/** What of a batch has arrived. */
export class SentParts {
  readonly #batch: Batch;
  readonly #arrived: LogBatchPart[] = [];
  #inputs = 0;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  inputsArrived(): void {
    this.#inputs = this.#batch.inputs.length;
  }

  arrived(part: LogBatchPart): void {
    this.#arrived.push(part);
  }

  /** What became of the batch. Of several failures one that will not pass counts more: what only has to wait is sent again in any case. */
  outcome(failures: readonly FailedPart[]): Outcome {
    const lasting = failures.find((failed) => !isPassing(failed));
    const failed = lasting ?? failures[0];
    if (failed === undefined) return OK;
    const { error, retryAfterMs, culprits } = failed;
    const accepted = this.#accepted();
    if (lasting === undefined) {
      return { status: "retryable", error, accepted, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
    const rejected = isFinal(error) ? otherPositions(this.#batch, accepted) : culprits;
    return { status: "permanent", error, accepted, ...(rejected === undefined ? {} : { rejected }) };
  }

  #accepted(): BatchPositions {
    const all = (kind: "metrics" | "params" | "tags") => this.#arrived.flatMap((part) => positionsIn(part[kind]));
    return {
      metrics: all("metrics"),
      params: all("params"),
      tags: all("tags"),
      inputs: positionsIn({ from: 0, to: this.#inputs }),
    };
  }
}

const isPassing = ({ isRetryable, error }: FailedPart): boolean => isRetryable || LATER.has(error.code);

/** The positions of a range, one by one. */
export const positionsIn = ({ from, to }: PositionRange): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);
