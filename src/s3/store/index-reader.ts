import { inParallel } from "../parallel.ts";
import type { ColumnName } from "./chunk/column.ts";
import type { IndexChunk } from "./chunk/index-chunk.ts";
import { type IndexFiles, type IndexHead, type Manifest, type Marker, PARALLEL_READS } from "./index-files.ts";
import { type IndexState, indexedRevs } from "./index-state.ts";
import { damaged } from "./store-objects.ts";

const MOST_REPEATS = 10;
/** Where there are more markers, somebody is bringing them into the index. */
const MOST_EARLY_READS = 50;
const NONE: ReadonlySet<string> = new Set();
/** Rows of chunks that are kept in memory. */
const MOST_CACHED_ROWS = 20_000;

/** Reads an index, and remembers chunks, which never change. */
export class IndexReader<T extends IndexHead> {
  readonly #files: IndexFiles<T>;
  readonly #cache = new Map<string, IndexChunk<T>>();

  constructor(files: IndexFiles<T>) {
    this.#files = files;
  }

  /**
   * Markers first, then the manifest: the other way round it would miss what was brought into the index in between.
   *
   * @param columns - Of chunks, what is going to be looked at.
   * @throws {TidemarkError} `DATA_DAMAGED`
   */
  async read(columns: readonly ColumnName[]): Promise<IndexState<T>> {
    for (let repeat = 0; repeat < MOST_REPEATS; repeat++) {
      const markers = await this.#files.markers();
      const marked = new Set(markers.map(({ id }) => id));
      // Of few, hardly any is in a chunk: to know that first would take another round trip.
      const reads = [this.#indexed(columns), this.#headsOf(marked.size <= MOST_EARLY_READS ? marked : NONE)] as const;
      // Where one fails, nothing is under way any more when that is said.
      await Promise.allSettled(reads);
      const [{ manifest, chunks }, early] = await Promise.all(reads);
      // Somebody has replaced the manifest and the chunk long ago: the next one is not that old.
      if (chunks === undefined) continue;
      const revs = indexedRevs(chunks, marked);
      const isNew = ({ id, rev }: Pick<Marker, "id" | "rev">) => rev > (revs.get(id) ?? 0);
      const missing = new Set(markers.filter((marker) => isNew(marker) && !early.has(marker.id)).map(({ id }) => id));
      const read = new Map([...early, ...(await this.#headsOf(missing))]);
      // While one was read early, another program may have changed it and brought it into the index.
      const fresh = new Map([...read].filter(([, head]) => head === undefined || isNew(head)));
      return { markers, manifest, chunks, fresh };
    }
    const { heads, manifestKind } = this.#files;
    throw damaged(heads.objects.describe(manifestKind.keyOf("")), "names chunks that are missing");
  }

  async #indexed(
    columns: readonly ColumnName[],
  ): Promise<{ manifest: Manifest | undefined; chunks: Map<string, IndexChunk<T>> | undefined }> {
    const manifest = await this.#files.manifest();
    return { manifest, chunks: await this.#chunks(manifest, columns) };
  }

  async #chunks(
    manifest: Manifest | undefined,
    columns: readonly ColumnName[],
  ): Promise<Map<string, IndexChunk<T>> | undefined> {
    const tasks = (manifest?.chunks ?? []).map(
      ({ id }) =>
        async () =>
          [id, await this.#chunk(id, columns)] as const,
    );
    const chunks = new Map<string, IndexChunk<T>>();
    for (const [id, chunk] of await inParallel(tasks, PARALLEL_READS, undefined)) {
      if (chunk === undefined) return undefined;
      chunks.set(id, chunk);
    }
    this.#remember(chunks);
    return chunks;
  }

  async #chunk(id: string, columns: readonly ColumnName[]): Promise<IndexChunk<T> | undefined> {
    const known = this.#cache.get(id);
    if (known === undefined) return await this.#files.chunk(id, columns);
    await known.load(columns);
    return known;
  }

  /** Only chunks that count are kept, and only so many. */
  #remember(chunks: ReadonlyMap<string, IndexChunk<T>>): void {
    this.#cache.clear();
    let rowCount = 0;
    for (const [id, chunk] of chunks) {
      rowCount += chunk.ids.length;
      if (rowCount <= MOST_CACHED_ROWS) this.#cache.set(id, chunk);
    }
  }

  async #headsOf(ids: ReadonlySet<string>): Promise<Map<string, T | undefined>> {
    const { heads, of } = this.#files;
    const tasks = [...ids].map((id) => async () => [id, await heads.read(of, id)] as const);
    return new Map(await inParallel(tasks, PARALLEL_READS, undefined));
  }
}
