import type { TidemarkError } from "../base/errors.ts";
import type { Batch } from "./batch.ts";

/** Where a record begins in a journal. Grows with every append; otherwise opaque. */
export type JournalPosition = number;

/** How an append went. After `full` or `failed` nothing of the batch is in the journal. */
export type JournalAppend =
  | { readonly status: "ok"; readonly position: JournalPosition; readonly next: JournalPosition }
  | { readonly status: "full"; readonly error: TidemarkError }
  | { readonly status: "failed"; readonly error: TidemarkError };

/**
 * An append-only local log that stands before a slow or unreliable sink. All calls are synchronous, because they are made
 * while a training blocks the event loop.
 *
 * What is behind the retired position is replayed by the next process that opens the journal. A record is retired only after
 * the backend has it, or after another record that replaces it is appended.
 */
export interface Journal {
  append(batch: Batch): JournalAppend;
  /** The batch at a position and where the next one begins; `undefined` at the end or where the record is damaged. */
  read(position: JournalPosition): { batch: Batch; next: JournalPosition } | undefined;
  /** Everything before this position is at the backend. */
  retire(position: JournalPosition): void;
  /** Puts what was appended on stable storage. */
  makeDurable(): Promise<void>;
  close(): void;
}
