import { redact } from "../base/diagnostics.ts";
import { messageOf, TidemarkError } from "../base/errors.ts";
import { truncate } from "../base/text.ts";
import {
  addCounts,
  noCounts,
  type SyncConflict,
  type SyncCounts,
  type SyncFailure,
  type SyncLoss,
  type SyncReport,
} from "./report.ts";

/** Long enough to see what differs, short enough to list thousands. */
const LONGEST_SHOWN = 300;

/** Then it is not this one thing that fails, but the place: all others would fail the same way. */
const OF_THE_PLACE: ReadonlySet<TidemarkError["code"]> = new Set([
  "TEMPORARILY_UNAVAILABLE",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "CANCELLED",
  "DEADLINE_EXCEEDED",
  "LOCK_LOST",
  "STORAGE_FULL",
  "STORAGE_READ_ONLY",
  "STORAGE_GONE",
]);

export const isOfThePlace = (error: unknown): boolean => error instanceof TidemarkError && OF_THE_PLACE.has(error.code);

/** Keeps count of what a sync finds and does. What is found again, in a later look of the same sync, counts once. */
export class Ledger {
  readonly copied = noCounts();
  #equal = noCounts();
  #conflicts = new Map<string, SyncConflict>();
  readonly #losses = new Map<string, SyncLoss>();
  #failures = new Map<string, SyncFailure>();

  /** Before another look at everything: what differed or failed may be right by then. */
  beginLook(): void {
    this.#equal = noCounts();
    this.#conflicts = new Map();
    this.#failures = new Map();
  }

  addCopied(counts: Partial<SyncCounts>): void {
    addCounts(this.copied, counts);
  }

  addEqual(counts: Partial<SyncCounts>): void {
    addCounts(this.#equal, counts);
  }

  conflict(where: string, what: string, source: unknown, target: unknown, isOverwritten = false): void {
    const texts = { source: shown(source), target: shown(target) };
    this.#conflicts.set(`${where}\0${what}`, { ...placeOf(where, what), ...texts, isOverwritten });
  }

  loss(where: string, what: string, reason: string): void {
    this.#losses.set(`${where}\0${what}`, { ...placeOf(where, what), reason });
  }

  /** @throws the error itself, where it is one of the place */
  failure(where: string, what: string, error: unknown): void {
    if (isOfThePlace(error)) throw error;
    const code = error instanceof TidemarkError ? error.code : "INTERNAL_ERROR";
    const message = truncate(redact(messageOf(error)), LONGEST_SHOWN);
    this.#failures.set(`${where}\0${what}`, { ...placeOf(where, what), code, message });
  }

  report(from: string, to: string, dryRun: boolean): SyncReport {
    const [conflicts, failures] = [[...this.#conflicts.values()], [...this.#failures.values()]];
    const isEqual =
      Object.values(this.copied).every((count) => count === 0) && conflicts.length + failures.length === 0;
    const lists = { conflicts, losses: [...this.#losses.values()], failures };
    return { from, to, dryRun, isEqual, copied: { ...this.copied }, equal: { ...this.#equal }, ...lists };
  }
}

/** Names and keys are the source's, and may be of any length. */
const placeOf = (where: string, what: string) => ({ where: shown(where), what: shown(what) });

const shown = (value: unknown): string =>
  truncate(typeof value === "string" ? value : value === undefined ? "" : String(value), LONGEST_SHOWN);
