import type { Batch, BatchPositions, Mark, Series } from "../contract/batch.ts";
import type { JournalPosition } from "../contract/journal.ts";
import type { DatasetInput } from "../schema/dataset.ts";
import type { Param, Tag } from "../schema/param.ts";
import { CHUNK_VALUES, type ColumnChunk, releaseChunk, takeChunk } from "./column-chunk.ts";

/**
 * A stretch of a run's log: up to one chunk of values, or several that go to a sink together, and the params, tags and inputs that came with them. It shrinks as its
 * parts are settled and leaves the queue when it is empty.
 */
export class Segment {
  readonly columns: ColumnChunk;
  params: Param[] = [];
  tags: Tag[] = [];
  inputs: DatasetInput[] = [];
  /** Behind everything else. A segment with a mark takes nothing more. */
  marks: Mark[] = [];
  /** How many entries the run had appended before this segment's first. */
  readonly start: number;
  /** All of this segment is on the journal. */
  isJournaled = false;
  /** Where the journal goes on behind the last record that belongs to this segment. */
  retireTo: JournalPosition | undefined;
  /** When its first entry came, by Date.now. */
  openedAt = 0;
  /** A sink has been given it: a repeat is to be the same. */
  isOffered = false;

  constructor(start: number, capacity: number = CHUNK_VALUES) {
    this.start = start;
    this.columns = takeChunk(capacity);
  }

  /** Entries not settled yet. */
  get count(): number {
    return this.columns.length + this.params.length + this.tags.length + this.inputs.length + this.marks.length;
  }

  appendAll(batch: Batch): void {
    this.columns.appendAll(batch.metrics);
    this.params.push(...batch.params);
    this.tags.push(...batch.tags);
    this.inputs.push(...batch.inputs);
    this.marks.push(...(batch.marks ?? []));
  }

  /** The first `limit` entries as a sink sees them: what identifies the run first, then its values, then marks. */
  batch(series: readonly Series[], limit: number): Batch {
    if (limit >= this.count) {
      const { columns: metrics, params, tags, inputs, marks } = this;
      return { series, metrics, params, tags, inputs, ...(marks.length === 0 ? {} : { marks }) };
    }
    let room = limit;
    const take = <T>(items: readonly T[]) => {
      const taken = items.slice(0, room);
      room -= taken.length;
      return taken;
    };
    const inputs = take(this.inputs);
    const params = take(this.params);
    const tags = take(this.tags);
    const { length, seriesIds, values, timestamps, steps } = this.columns;
    const metrics = { length: Math.min(room, length), seriesIds, values, timestamps, steps };
    room -= metrics.length;
    const marks = take(this.marks);
    return { series, metrics, params, tags, inputs, ...(marks.length === 0 ? {} : { marks }) };
  }

  /** Takes settled entries out and answers how many they were. Positions are those of a batch of this segment. */
  remove(settled: BatchPositions): number {
    const before = this.count;
    if (settled.metrics.length > 0) {
      const marked = new Uint8Array(this.columns.length);
      for (let i = 0; i < settled.metrics.length; i++) marked[settled.metrics[i] as number] = 1;
      this.columns.remove(marked);
    }
    this.params = without(this.params, settled.params);
    this.tags = without(this.tags, settled.tags);
    this.inputs = without(this.inputs, settled.inputs);
    this.marks = without(this.marks, settled.marks ?? []);
    return before - this.count;
  }

  /** Takes a whole batch of this segment out. */
  removeBatch(batch: Batch): number {
    const before = this.count;
    this.columns.removeFirst(batch.metrics.length);
    this.params = this.params.slice(batch.params.length);
    this.tags = this.tags.slice(batch.tags.length);
    this.inputs = this.inputs.slice(batch.inputs.length);
    this.marks = this.marks.slice(batch.marks?.length ?? 0);
    return before - this.count;
  }

  release(): void {
    releaseChunk(this.columns);
  }
}

function without<T>(items: T[], positions: ArrayLike<number>): T[] {
  if (positions.length === 0) return items;
  const removed = new Set(Array.from(positions));
  return items.filter((_, index) => !removed.has(index));
}
