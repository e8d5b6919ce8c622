import { TidemarkError } from "../base/errors.ts";
import { describeStats, type QueueStats } from "./queue-stats.ts";

/** What became of the entries of a queue, what went wrong last, and who was told of it. */
export class Tally {
  readonly #onTrouble: ((error: TidemarkError) => void) | undefined;
  #acknowledged = 0;
  #rejected = 0;
  #dropped = 0;
  #lossReported = 0;
  #lastError: TidemarkError | undefined;

  constructor(onTrouble: ((error: TidemarkError) => void) | undefined) {
    this.#onTrouble = onTrouble;
  }

  /** Entries lost that no flush has told its caller of. */
  get unreportedLoss(): number {
    return this.#rejected + this.#dropped - this.#lossReported;
  }

  get lastError(): TidemarkError | undefined {
    return this.#lastError;
  }

  counts(appended: number): Omit<QueueStats, "spooled" | "retries"> {
    const acknowledged = this.#acknowledged;
    const rejected = this.#rejected;
    const dropped = this.#dropped;
    return { appended, acknowledged, rejected, dropped, pending: appended - acknowledged - rejected - dropped };
  }

  settle(acknowledged: number, rejected: number): void {
    this.#acknowledged += acknowledged;
    this.#rejected += rejected;
  }

  /** Counts entries that no backend will see, and tells of it. */
  drop(entries: number, error: TidemarkError): void {
    this.#dropped += entries;
    this.report(error);
  }

  /** The error that tells a caller what has not arrived, and why. Losses are told once. */
  incomplete(stats: QueueStats, cause: TidemarkError | undefined = this.#lastError): TidemarkError {
    this.#lossReported = this.#rejected + this.#dropped;
    const reason = cause === undefined ? "" : `: ${cause.message}`;
    return new TidemarkError("FLUSH_INCOMPLETE", `${describeStats(stats)}${reason}`, { cause, details: { ...stats } });
  }

  report(error: TidemarkError): void {
    this.#lastError = error;
    try {
      this.#onTrouble?.(error);
    } catch {
      // A caller's callback that throws must not break the training it watches.
    }
  }
}
