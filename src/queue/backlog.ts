import type { MetricColumns } from "../contract/batch.ts";
import type { Journal, JournalPosition } from "../contract/journal.ts";
import { CHUNK_VALUES } from "./column-chunk.ts";
import { Segment } from "./segment.ts";

/** A stretch of the log that is on the journal only. */
interface SpilledRange {
  position: JournalPosition;
  end: JournalPosition;
  /** How many entries the run had appended before the first of the range. */
  start: number;
  count: number;
  /** When the first entry came, by Date.now. */
  openedAt: number;
}

/** Values kept in memory although the journal has them, so that a sink that keeps up never reads the disk. */
const HEAD_VALUES = 8 * CHUNK_VALUES;

/** The most values that a sink may ask for at a time: what memory keeps. */
export const MOST_BATCH_VALUES = HEAD_VALUES;

/**
 * What is sealed and not settled, oldest first: a head in memory, then what only the journal holds, then what the journal could
 * not take. With a journal memory stays bounded however far the sink is behind; without one the queue bounds it by dropping.
 */
export class Backlog {
  readonly #journal: Journal | undefined;
  readonly #maxSegmentValues: number;
  readonly #maxBatchValues: number;
  #head: Segment[] = [];
  #spilled: SpilledRange | undefined;
  #tail: Segment[] = [];
  #entriesInMemory = 0;
  #unreadable = 0;

  /**
   * @param maxBatchValues - As many as the sink sends at a time, at most {@link MOST_BATCH_VALUES}. What is journaled is joined up to that, so that it
   *   is settled as a whole and a process that is killed leaves as little as possible to be repeated.
   */
  constructor(journal: Journal | undefined, maxBatchValues: number) {
    this.#journal = journal;
    this.#maxSegmentValues = Math.min(CHUNK_VALUES, maxBatchValues);
    this.#maxBatchValues = Math.max(CHUNK_VALUES, maxBatchValues);
  }

  /** All entries that are not settled. */
  get entries(): number {
    return this.#entriesInMemory + (this.#spilled?.count ?? 0);
  }

  get entriesInMemory(): number {
    return this.#entriesInMemory;
  }

  /** Entries that are safe on the journal. */
  get journaled(): number {
    let journaled = this.#spilled?.count ?? 0;
    for (const segment of this.#segments()) if (segment.isJournaled) journaled += segment.count;
    return journaled;
  }

  get isAllJournaled(): boolean {
    for (const segment of this.#segments()) if (!segment.isJournaled) return false;
    return true;
  }

  /** How many entries had been appended before the oldest that is not settled; `undefined` when all are. */
  get oldestStart(): number | undefined {
    return this.#head[0]?.start ?? this.#spilled?.start ?? this.#tail[0]?.start;
  }

  /** When the oldest entry came that is behind a position and in no sink's hands; `undefined` where there is none. */
  openedAtFrom(position: number): number | undefined {
    const isHeld = ({ start, isOffered }: Segment) => start >= position && !isOffered;
    const held = this.#head.find(isHeld);
    if (held !== undefined) return held.openedAt;
    if (this.#spilled !== undefined && this.#spilled.start >= position) return this.#spilled.openedAt;
    return this.#tail.find(isHeld)?.openedAt;
  }

  get isEmpty(): boolean {
    return this.oldestStart === undefined;
  }

  /**
   * Adds the newest segment. With `journaledFrom` the whole of it is on the journal and may leave memory.
   *
   * @param mayJoin - It may become a part of the one before it.
   */
  push(segment: Segment, journaledFrom: JournalPosition | undefined, mayJoin: boolean): void {
    const headIsFull = this.#spilled !== undefined || this.#entriesInMemory >= HEAD_VALUES;
    if (journaledFrom !== undefined && headIsFull && this.#tail.length === 0) this.#spill(segment, journaledFrom);
    else {
      const end = this.#spilled === undefined && this.#tail.length === 0 ? this.#head : this.#tail;
      if (!mayJoin || !this.#join(end, segment)) this.#keep(end, segment);
    }
  }

  /** Takes over what a journal holds that another process has left. */
  adopt({ position, end, count }: { position: JournalPosition; end: JournalPosition; count: number }): void {
    if (count > 0) this.#spilled = { position, end, start: 0, count, openedAt: 0 };
  }

  /**
   * The oldest segment, read back from the journal where memory does not have it, with those behind it that fit into one batch.
   *
   * @param mayJoin - Whether the segment that begins there may become a part of the one before it.
   */
  first(mayJoin: (start: number) => boolean): Segment | undefined {
    if (this.#head.length === 0 && this.#spilled !== undefined) this.#readBack(this.#spilled);
    if (this.#head.length === 0 && this.#spilled === undefined) {
      this.#head = this.#tail;
      this.#tail = [];
    }
    this.#gather(mayJoin);
    return this.#head[0];
  }

  /** Takes the first segment's settled entries off the books, and the segment where none is left. */
  settled(segment: Segment, count: number): void {
    this.#entriesInMemory -= count;
    if (segment.count > 0) return;
    this.#head.shift();
    if (segment.retireTo !== undefined) this.#journal?.retire(segment.retireTo);
    segment.release();
  }

  /** What only memory holds, oldest first. */
  unjournaled(): readonly Segment[] {
    return [...this.#segments()].filter((segment) => !segment.isJournaled);
  }

  /** Gives up what only memory holds, and answers how many entries that were. */
  dropUnjournaled(): number {
    const dropped = this.unjournaled().reduce((sum, segment) => sum + segment.count, 0);
    this.#head = this.#head.filter((segment) => segment.isJournaled);
    this.#tail = this.#tail.filter((segment) => segment.isJournaled);
    this.#entriesInMemory -= dropped;
    return dropped;
  }

  /** Entries the journal took and could not give back since the last call. */
  takeUnreadable(): number {
    const unreadable = this.#unreadable;
    this.#unreadable = 0;
    return unreadable;
  }

  #spill(segment: Segment, journaledFrom: JournalPosition): void {
    const end = segment.retireTo as JournalPosition;
    const { start, openedAt } = segment;
    this.#spilled ??= { position: journaledFrom, end, start, count: 0, openedAt };
    this.#spilled.end = end;
    this.#spilled.count += segment.count;
    segment.release();
  }

  /**
   * Small segments become one while they wait: a slow training's would each hold on to columns for thousands of values, and be made
   * up for one by one.
   */
  #join(target: Segment[], segment: Segment): boolean {
    const last = target.at(-1);
    // The first of all may be on its way.
    if (last === undefined || last === this.#head[0]) return false;
    if (last.marks.length > 0) return false;
    if (last.isJournaled !== segment.isJournaled || !this.#fits(last, segment.columns)) return false;
    last.appendAll(segment.batch([], segment.count));
    last.retireTo = segment.retireTo ?? last.retireTo;
    this.#entriesInMemory += segment.count;
    segment.release();
    return true;
  }

  /** Makes one segment of the oldest ones, for a sink that takes so many values at a time. */
  #gather(mayJoin: (start: number) => boolean): void {
    if (this.#maxBatchValues === CHUNK_VALUES) return;
    const [first, ...rest] = this.#head;
    if (first === undefined || first.isOffered) return;
    first.isOffered = true;
    let length = first.columns.length;
    let last = first;
    const end = rest.findIndex((segment) => {
      const isBehindMark = last.marks.length > 0;
      last = segment;
      length += segment.columns.length;
      const fits = length <= this.#maxBatchValues && segment.isJournaled === first.isJournaled;
      return isBehindMark || !fits || !mayJoin(segment.start);
    });
    const parts = [first, ...(end < 0 ? rest : rest.slice(0, end))];
    if (parts.length === 1) return;
    const joined = new Segment(first.start, this.#maxBatchValues);
    joined.isJournaled = first.isJournaled;
    joined.openedAt = first.openedAt;
    joined.isOffered = true;
    for (const part of parts) {
      joined.appendAll(part.batch([], part.count));
      joined.retireTo = part.retireTo ?? joined.retireTo;
      part.release();
    }
    this.#head.splice(0, parts.length, joined);
  }

  #keep(target: Segment[], segment: Segment): void {
    target.push(segment);
    this.#entriesInMemory += segment.count;
  }

  /** Small records are joined into one segment, so that a long outage is not made up for value by value. */
  #readBack(spilled: SpilledRange): void {
    const mostValues = Math.max(CHUNK_VALUES, Math.min(this.#maxBatchValues, spilled.count));
    const segment = new Segment(spilled.start, mostValues);
    while (spilled.position < spilled.end) {
      const record = this.#journal?.read(spilled.position);
      if (record === undefined) break;
      const { length } = segment.columns;
      const most = length > 0 && this.#maxBatchValues === CHUNK_VALUES ? this.#maxSegmentValues : mostValues;
      if (length + record.batch.metrics.length > most) break;
      segment.appendAll(record.batch);
      spilled.position = record.next;
      segment.retireTo = record.next;
      segment.isJournaled = true;
      if (segment.marks.length > 0) break;
    }
    if (segment.count > 0) {
      spilled.start += segment.count;
      spilled.count -= segment.count;
      this.#keep(this.#head, segment);
    } else {
      segment.release();
      // A damaged record hides where the next one starts: what is behind it cannot be read.
      this.#unreadable += spilled.count;
      spilled.count = 0;
    }
    if (spilled.count === 0) this.#spilled = undefined;
  }

  #fits({ columns: { length }, isJournaled }: Segment, more: MetricColumns): boolean {
    // A record may be longer by itself, and what no journal has is lost with the process in any case.
    const most = length > 0 && isJournaled ? this.#maxSegmentValues : CHUNK_VALUES;
    return length + more.length <= most;
  }

  *#segments(): Iterable<Segment> {
    yield* this.#head;
    yield* this.#tail;
  }
}
