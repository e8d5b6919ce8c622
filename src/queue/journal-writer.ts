import { messageOf, TidemarkError } from "../base/errors.ts";
import type { Batch, Series } from "../contract/batch.ts";
import type { Journal, JournalAppend, JournalPosition } from "../contract/journal.ts";
import type { Segment } from "./segment.ts";

/**
 * Brings the open segment to the journal piece by piece as it grows. A segment counts as journaled only when every piece was
 * taken: otherwise memory delivers it, and the pieces that were taken are retired with it.
 */
export class JournalWriter {
  readonly #journal: Journal;
  readonly #onTrouble: (error: TidemarkError) => void;
  #from: JournalPosition | undefined;
  #isWhole = true;
  #values = 0;
  #params = 0;
  #tags = 0;
  #inputs = 0;
  #marks = 0;

  constructor(journal: Journal, onTrouble: (error: TidemarkError) => void) {
    this.#journal = journal;
    this.#onTrouble = onTrouble;
  }

  /** Appends what the segment has got since the last call. */
  write(segment: Segment, series: readonly Series[]): void {
    const { columns, params, tags, inputs, marks } = segment;
    const written = this.#values + this.#params + this.#tags + this.#inputs + this.#marks;
    if (!this.#isWhole || segment.count === written) return;
    const appended = this.#append({
      series,
      metrics: {
        length: columns.length - this.#values,
        seriesIds: columns.seriesIds.subarray(this.#values, columns.length),
        values: columns.values.subarray(this.#values, columns.length),
        timestamps: columns.timestamps.subarray(this.#values, columns.length),
        steps: columns.steps.subarray(this.#values, columns.length),
      },
      params: params.slice(this.#params),
      tags: tags.slice(this.#tags),
      inputs: inputs.slice(this.#inputs),
      marks: marks.slice(this.#marks),
    });
    if (appended.status !== "ok") {
      this.#isWhole = false;
      this.#onTrouble(appended.error);
      return;
    }
    this.#from ??= appended.position;
    segment.retireTo = appended.next;
    this.#values = columns.length;
    this.#params = params.length;
    this.#tags = tags.length;
    this.#inputs = inputs.length;
    this.#marks = marks.length;
  }

  #append(batch: Batch): JournalAppend {
    try {
      return this.#journal.append(batch);
    } catch (error) {
      const message = `the journal failed: ${messageOf(error)}`;
      return { status: "failed", error: new TidemarkError("INTERNAL_ERROR", message, { cause: error }) };
    }
  }

  /** Journals the rest of a segment that will not grow any more. Answers where it begins, if all of it was taken. */
  seal(segment: Segment, series: readonly Series[]): JournalPosition | undefined {
    this.write(segment, series);
    segment.isJournaled = this.#isWhole;
    const from = this.#isWhole ? this.#from : undefined;
    this.#from = undefined;
    this.#isWhole = true;
    this.#values = 0;
    this.#params = 0;
    this.#tags = 0;
    this.#inputs = 0;
    this.#marks = 0;
    return from;
  }
}
