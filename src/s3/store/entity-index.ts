import type { Background } from "./background.ts";
import type { ColumnName } from "./chunk/column.ts";
import type { IndexRow } from "./chunk/index-chunk.ts";
import type { Heads } from "./heads.ts";
import { compactIndex } from "./index-compaction.ts";
import { type IndexedHeads, IndexFiles, type IndexHead } from "./index-files.ts";
import { dirtyKey } from "./index-marker.ts";
import { IndexReader } from "./index-reader.ts";
import { headsOf, type IndexState, rowsOf } from "./index-state.ts";
import { newNonce } from "./store-objects.ts";

/** Whoever sees this many markers brings them into the index. */
const COMPACT_AT_MARKERS = 50;
/** So often a writer looks how many there are. */
const WRITES_PER_LOOK = 25;
const NO_COLUMNS: readonly ColumnName[] = [];

/**
 * Many heads by few requests: chunks of them, which never change, a manifest that says which chunks count, and markers for heads that have
 * changed since. Whoever writes a head puts a marker first.
 */
export class EntityIndex<T extends IndexHead> {
  readonly #files: IndexFiles<T>;
  readonly #reader: IndexReader<T>;
  readonly #background: Background;
  #writes = 0;
  #isCompacting = false;

  constructor(heads: Heads, directory: string, of: IndexedHeads<T>, background: Background) {
    this.#files = new IndexFiles(heads, directory, of);
    this.#reader = new IndexReader(this.#files);
    this.#background = background;
  }

  /** Before a head is written. */
  async announce(id: string, rev: number): Promise<void> {
    const { heads, directory } = this.#files;
    await heads.objects.put(dirtyKey(directory, { id, rev, nonce: newNonce() }), new Uint8Array());
  }

  /** After a head was written. */
  noteWrite(): void {
    if (++this.#writes % WRITES_PER_LOOK === 0) this.compactSoon();
  }

  /** All heads as they are. @throws {TidemarkError} `DATA_DAMAGED` */
  async all(): Promise<T[]> {
    const heads = await headsOf(await this.#readAndTidy(NO_COLUMNS));
    return heads.filter((head) => !this.#files.of.isGone(head));
  }

  /**
   * The same to be looked at: of what is stored by columns only those that are asked for are read.
   *
   * @throws {TidemarkError} `DATA_DAMAGED`
   */
  async rows(columns: readonly ColumnName[]): Promise<IndexRow<T>[]> {
    return rowsOf(await this.#readAndTidy(columns), this.#files);
  }

  /** Brings the markers into the index where there are many, when there is time. */
  compactSoon(): void {
    if (!this.#isCompacting) this.#compactInBackground(undefined);
  }

  /** The same now, and at any number. */
  async compact(): Promise<void> {
    await compactIndex(this.#files, await this.#reader.read(NO_COLUMNS));
  }

  async #readAndTidy(columns: readonly ColumnName[]): Promise<IndexState<T>> {
    const state = await this.#reader.read(columns);
    if (state.markers.length >= COMPACT_AT_MARKERS) this.#compactInBackground(state);
    return state;
  }

  #compactInBackground(known: IndexState<T> | undefined): void {
    if (this.#isCompacting) return;
    this.#isCompacting = true;
    const { heads, directory } = this.#files;
    this.#background.run(`the index ${heads.objects.describe(directory)} was not compacted`, async () => {
      try {
        if (known !== undefined) return await compactIndex(this.#files, known);
        if ((await this.#files.markers()).length < COMPACT_AT_MARKERS) return;
        await this.compact();
      } finally {
        this.#isCompacting = false;
      }
    });
  }
}
