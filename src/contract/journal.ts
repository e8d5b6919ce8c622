import type { TidemarkError } from "../base/errors.ts";
import type { CreateRun, RunStatus } from "../schema/run.ts";
import type { Batch } from "./batch.ts";

/** One thing that happened to a run, as a journal keeps it until the backend has it. */
export type JournalOperation =
  | { readonly type: "create-run"; readonly localRunId: string; readonly run: CreateRun }
  | { readonly type: "batch"; readonly batch: Batch }
  /** A small artifact whose bytes were staged beside the journal. */
  | { readonly type: "artifact"; readonly path: string; readonly stagedFile: string }
  | { readonly type: "end"; readonly status: RunStatus; readonly endTime: number };

/** Where an operation begins in a journal. Grows with every append; otherwise opaque. */
export type JournalPosition = number;

/** How an append went. After `full` or `failed` nothing of the operation is in the journal. */
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
  append(operation: JournalOperation): JournalAppend;
  /** The operation at a position and where the next one begins; `undefined` at the end or where the record is damaged. */
  read(position: JournalPosition): { operation: JournalOperation; next: JournalPosition } | undefined;
  /** Everything before this position is at the backend. */
  retire(position: JournalPosition): void;
  /** Puts what was appended on stable storage. */
  makeDurable(): Promise<void>;
  close(): void;
}
