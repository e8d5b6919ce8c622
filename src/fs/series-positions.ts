import type { MetricColumns } from "../contract/batch.ts";

/** The values of one series: `positions[from]` up to `positions[to]`, excluded. */
export interface SeriesRange {
  readonly seriesId: number;
  readonly from: number;
  readonly to: number;
}

/** Sorts the values of a batch by series, keeping their order: one counting sort, in arrays that are used again. */
export class SeriesPositions {
  /** Positions in the batch, series after series. */
  positions = new Uint32Array();
  /** By series: where its next position goes; zero outside of a sort. */
  #ends = new Uint32Array();
  readonly #present: number[] = [];

  group({ length, seriesIds }: MetricColumns, seriesCount: number): void {
    if (this.positions.length < length) this.positions = new Uint32Array(length);
    if (this.#ends.length < seriesCount) this.#ends = new Uint32Array(2 * seriesCount);
    const ends = this.#ends;
    const present = this.#present;
    for (const id of present) ends[id] = 0;
    present.length = 0;
    for (let i = 0; i < length; i++) {
      const id = seriesIds[i] as number;
      if (ends[id] === 0) present.push(id);
      ends[id] = (ends[id] as number) + 1;
    }
    let start = 0;
    for (const id of present) {
      const count = ends[id] as number;
      ends[id] = start;
      start += count;
    }
    for (let i = 0; i < length; i++) {
      const id = seriesIds[i] as number;
      const place = ends[id] as number;
      this.positions[place] = i;
      ends[id] = place + 1;
    }
  }

  *[Symbol.iterator](): Generator<SeriesRange> {
    let from = 0;
    for (const seriesId of this.#present) {
      const to = this.#ends[seriesId] as number;
      yield { seriesId, from, to };
      from = to;
    }
  }
}
