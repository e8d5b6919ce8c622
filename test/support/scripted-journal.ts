import { TidemarkError } from "../../src/base/errors.ts";
import type { Batch } from "../../src/contract/batch.ts";
import type { Journal, JournalAppend, JournalPosition } from "../../src/contract/journal.ts";

/** A journal in memory that counts its calls and can be told to fail: the queue's journal contract without a disk. */
export class ScriptedJournal implements Journal {
  readonly records: (Batch | undefined)[] = [];
  retiredTo: JournalPosition = 0;
  closed = 0;
  durable = 0;
  reads = 0;
  /** Answers why an append fails, or `undefined` where it succeeds. */
  fails: (append: number) => "full" | "failed" | undefined = () => undefined;
  #appends = 0;

  append(batch: Batch): JournalAppend {
    const status = this.fails(this.#appends++);
    if (status !== undefined)
      return { status, error: new TidemarkError("STORAGE_FULL", `scripted: the journal is ${status}`) };
    const position = this.records.push(copyOf(batch)) - 1;
    return { status: "ok", position, next: position + 1 };
  }

  read(position: JournalPosition): { batch: Batch; next: JournalPosition } | undefined {
    this.reads++;
    const batch = this.records[position];
    return batch === undefined ? undefined : { batch, next: position + 1 };
  }

  retire(position: JournalPosition): void {
    if (position < this.retiredTo) throw new Error(`retired backwards: ${position} after ${this.retiredTo}`);
    for (let i = this.retiredTo; i < position; i++) this.records[i] = undefined;
    this.retiredTo = position;
  }

  async makeDurable(): Promise<void> {
    this.durable++;
  }

  close(): void {
    this.closed++;
  }
}

/** The queue uses its arrays again, as a file would not see. */
function copyOf({ metrics, ...batch }: Batch): Batch {
  const end = metrics.length;
  return {
    ...batch,
    metrics: {
      length: end,
      seriesIds: metrics.seriesIds.slice(0, end),
      values: metrics.values.slice(0, end),
      timestamps: metrics.timestamps.slice(0, end),
      steps: metrics.steps.slice(0, end),
    },
  };
}
