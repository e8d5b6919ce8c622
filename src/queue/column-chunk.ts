import type { MetricColumns } from "../contract/batch.ts";

/** Values in a full chunk: small enough that writing one out never takes more than a few milliseconds. */
export const CHUNK_VALUES = 4_096;

/** Columns of 28 bytes a value. Those with room for {@link CHUNK_VALUES} are allocated once and used again. */
export class ColumnChunk implements MetricColumns {
  length = 0;
  readonly seriesIds: Uint32Array;
  readonly values: Float64Array;
  readonly timestamps: Float64Array;
  readonly steps: Float64Array;

  constructor(capacity: number) {
    this.seriesIds = new Uint32Array(capacity);
    this.values = new Float64Array(capacity);
    this.timestamps = new Float64Array(capacity);
    this.steps = new Float64Array(capacity);
  }

  /** Appends the values of other columns behind these. The caller has seen that they fit. */
  appendAll(columns: MetricColumns): void {
    const { length } = columns;
    this.seriesIds.set(columns.seriesIds.subarray(0, length), this.length);
    this.values.set(columns.values.subarray(0, length), this.length);
    this.timestamps.set(columns.timestamps.subarray(0, length), this.length);
    this.steps.set(columns.steps.subarray(0, length), this.length);
    this.length += length;
  }

  removeFirst(count: number): void {
    if (count < this.length) {
      this.seriesIds.copyWithin(0, count, this.length);
      this.values.copyWithin(0, count, this.length);
      this.timestamps.copyWithin(0, count, this.length);
      this.steps.copyWithin(0, count, this.length);
    }
    this.length -= count;
  }

  /** Closes the gaps that the marked positions leave; the order of the others stays. */
  remove(marked: Uint8Array): void {
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      if (marked[i] === 1) continue;
      if (kept !== i) {
        this.seriesIds[kept] = this.seriesIds[i] as number;
        this.values[kept] = this.values[i] as number;
        this.timestamps[kept] = this.timestamps[i] as number;
        this.steps[kept] = this.steps[i] as number;
      }
      kept++;
    }
    this.length = kept;
  }
}

// Enough for a run whose sink is a little behind; the rest goes back to the garbage collector.
const MOST_FREE_CHUNKS = 16;

const freeChunks: ColumnChunk[] = [];

/** @param capacity - At least {@link CHUNK_VALUES}. */
export function takeChunk(capacity: number): ColumnChunk {
  return (capacity === CHUNK_VALUES ? freeChunks.pop() : undefined) ?? new ColumnChunk(capacity);
}

/** Gives a chunk back. The caller keeps no reference to it. */
export function releaseChunk(chunk: ColumnChunk): void {
  chunk.length = 0;
  if (chunk.values.length === CHUNK_VALUES && freeChunks.length < MOST_FREE_CHUNKS) freeChunks.push(chunk);
}
