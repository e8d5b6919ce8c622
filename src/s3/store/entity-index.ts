import { z } from "zod";
import { TidemarkError } from "../../base/errors.ts";
import { inParallel } from "../parallel.ts";
import type { Background } from "./background.ts";
import { type HeadFields, type HeadKind, type Heads, headFields } from "./heads.ts";
import { chunkBytes, cutIntoChunks, hasRoom, readChunk } from "./index-chunk.ts";
import { dirtyDirectory, dirtyKey, parseDirtyKey } from "./index-marker.ts";
import { damaged, newNonce } from "./store-objects.ts";

const manifestSchema = z.object({ ...headFields, chunks: z.array(z.object({ id: z.string(), rows: z.int() })) });
type Manifest = z.infer<typeof manifestSchema>;

/** The heads that an index is of. */
export interface IndexedHeads<T extends HeadFields & { readonly id: string }> extends HeadKind<T> {
  /** Such a head never comes back: it need not be kept here. */
  readonly isGone: (head: T) => boolean;
}

/** A marker: this head has, or will have, this revision. */
interface Marker {
  readonly key: string;
  readonly id: string;
  readonly rev: number;
  readonly lastModified: Date;
}

/** All that a read has found. */
interface State<T> {
  readonly markers: readonly Marker[];
  readonly manifest: Manifest | undefined;
  /** By the id of the chunk. */
  readonly chunks: ReadonlyMap<string, readonly T[]>;
  /** Heads that are newer than what is in the chunks, `undefined` where there is none. */
  readonly fresh: ReadonlyMap<string, T | undefined>;
}

const PARALLEL_READS = 16;
/** Whoever sees this many markers brings them into the index. */
const COMPACT_AT_MARKERS = 50;
/** So often a writer looks how many there are. */
const WRITES_PER_LOOK = 25;
const MOST_REPEATS = 10;
/** Readers of an older manifest are done by then. */
const CHUNK_EXPIRES_MS = 15 * 60_000;
/** The writer of such a marker has died before it wrote the head, or is as good as dead. */
const MARKER_IS_STUCK_MS = 3_600_000;
const MARKER_EXPIRES_MS = 24 * 3_600_000;
/** Rows that are kept in memory, of all chunks. */
const MOST_CACHED_ROWS = 20_000;

/**
 * Many heads by few requests: chunks of them, which never change, a manifest that says which chunks count, and markers for heads that have
 * changed since. Whoever writes a head puts a marker first. Readers look for markers first, then at the manifest: the other way round
 * they would miss what was brought into the index in between.
 */
export class EntityIndex<T extends HeadFields & { readonly id: string }> {
  readonly #heads: Heads;
  readonly #directory: string;
  readonly #of: IndexedHeads<T>;
  readonly #background: Background;
  readonly #manifestKind: HeadKind<Manifest>;
  readonly #cache = new Map<string, readonly T[]>();
  #writes = 0;
  #isCompacting = false;

  constructor(heads: Heads, directory: string, of: IndexedHeads<T>, background: Background) {
    this.#heads = heads;
    this.#directory = directory;
    this.#of = of;
    this.#background = background;
    this.#manifestKind = { schema: manifestSchema, keyOf: () => `${directory}/manifest.json` };
  }

  /** Before a head is written. */
  async announce(id: string, rev: number): Promise<void> {
    await this.#heads.objects.put(dirtyKey(this.#directory, { id, rev, nonce: newNonce() }), new Uint8Array());
  }

  /** After a head was written. */
  noteWrite(): void {
    if (++this.#writes % WRITES_PER_LOOK === 0) this.compactSoon();
  }

  /** All heads as they are. @throws {TidemarkError} `DATA_DAMAGED` */
  async all(): Promise<T[]> {
    const state = await this.#read();
    if (state.markers.length >= COMPACT_AT_MARKERS) this.#compactInBackground(state);
    return rowsOf(state).filter((head) => !this.#of.isGone(head));
  }

  /** Brings the markers into the index where there are many, when there is time. */
  compactSoon(): void {
    if (!this.#isCompacting) this.#compactInBackground(undefined);
  }

  /** The same now, and at any number. */
  async compact(): Promise<void> {
    await this.#compact(await this.#read());
  }

  #compactInBackground(known: State<T> | undefined): void {
    if (this.#isCompacting) return;
    this.#isCompacting = true;
    this.#background.run(`the index ${this.#heads.objects.describe(this.#directory)} was not compacted`, async () => {
      try {
        if (known !== undefined) return await this.#compact(known);
        if ((await this.#markers()).length < COMPACT_AT_MARKERS) return;
        await this.#compact(await this.#read());
      } finally {
        this.#isCompacting = false;
      }
    });
  }

  async #markers(): Promise<Marker[]> {
    const listed = await this.#heads.objects.list(dirtyDirectory(this.#directory));
    return listed.flatMap(({ key, lastModified }) => {
      const marker = parseDirtyKey(key);
      return marker === undefined ? [] : { ...marker, key, lastModified };
    });
  }

  async #read(): Promise<State<T>> {
    for (let repeat = 0; repeat < MOST_REPEATS; repeat++) {
      const markers = await this.#markers();
      const manifest = await this.#heads.read(this.#manifestKind, "");
      const chunks = await this.#chunks(manifest);
      // Somebody has replaced the manifest and the chunk long ago: the next one is not that old.
      if (chunks === undefined) continue;
      return { markers, manifest, chunks, fresh: await this.#freshHeads(markers, chunks) };
    }
    throw damaged(this.#heads.objects.describe(`${this.#directory}/manifest.json`), "names chunks that are missing");
  }

  async #chunks(manifest: Manifest | undefined): Promise<Map<string, readonly T[]> | undefined> {
    const tasks = (manifest?.chunks ?? []).map(
      ({ id }) =>
        async () =>
          [id, await this.#chunk(id)] as const,
    );
    const chunks = new Map<string, readonly T[]>();
    for (const [id, rows] of await inParallel(tasks, PARALLEL_READS, undefined)) {
      if (rows === undefined) return undefined;
      chunks.set(id, rows);
    }
    this.#remember(chunks);
    return chunks;
  }

  async #chunk(id: string): Promise<readonly T[] | undefined> {
    return this.#cache.get(id) ?? (await readChunk(this.#heads.objects, this.#chunkKey(id), this.#of.schema));
  }

  /** Only chunks that count are kept, and only so many. */
  #remember(chunks: ReadonlyMap<string, readonly T[]>): void {
    this.#cache.clear();
    let rowCount = 0;
    for (const [id, rows] of chunks) {
      rowCount += rows.length;
      if (rowCount <= MOST_CACHED_ROWS) this.#cache.set(id, rows);
    }
  }

  /** A marker whose revision is in a chunk asks for nothing more. */
  async #freshHeads(
    markers: readonly Marker[],
    chunks: ReadonlyMap<string, readonly T[]>,
  ): Promise<Map<string, T | undefined>> {
    const indexed = new Map([...chunks.values()].flatMap((rows) => rows.map(({ id, rev }) => [id, rev] as const)));
    const ids = new Set(markers.filter(({ id, rev }) => rev > (indexed.get(id) ?? 0)).map(({ id }) => id));
    const tasks = [...ids].map((id) => async () => [id, await this.#heads.read(this.#of, id)] as const);
    return new Map(await inParallel(tasks, PARALLEL_READS, undefined));
  }

  /**
   * Writes new chunks for what has changed, then the manifest, where nobody else has written it meanwhile, and deletes only markers of
   * revisions that the index has now.
   */
  async #compact(state: State<T>): Promise<void> {
    const { markers, manifest, chunks, fresh } = state;
    const changed = changedChunks(chunks, fresh, this.#of.isGone);
    const made: { id: string; rows: number }[] = [];
    for (const rows of changed.added) {
      const id = newNonce();
      await this.#heads.objects.put(this.#chunkKey(id), await chunkBytes(rows), CHUNK_HEADERS);
      made.push({ id, rows: rows.length });
    }
    if (made.length > 0 || changed.removed.size > 0) {
      const kept = (manifest?.chunks ?? []).filter(({ id }) => !changed.removed.has(id));
      if (!(await this.#replaceManifest(manifest, [...kept, ...made]))) {
        // Nobody knows of them.
        await this.#deleteAll(made.map(({ id }) => this.#chunkKey(id)));
        return;
      }
      const newest = made[0]?.id;
      if (newest !== undefined) await this.#deleteOldChunks(newest, [...kept, ...made]);
    }
    await this.#deleteMarkers(markers, state);
  }

  async #replaceManifest(seen: Manifest | undefined, chunks: Manifest["chunks"]): Promise<boolean> {
    if (seen === undefined) return (await this.#heads.create(this.#manifestKind, "", { chunks })) !== undefined;
    let isLate = false;
    const replace = (manifest: Manifest) => {
      isLate = manifest.rev !== seen.rev;
      return isLate ? manifest : { ...manifest, chunks };
    };
    await this.#heads.change(this.#manifestKind, "", replace, () => gone(this.#directory));
    return !isLate;
  }

  /** What no manifest has named for a while: replaced, or left by somebody who died. */
  async #deleteOldChunks(newest: string, chunks: Manifest["chunks"]): Promise<void> {
    const named = new Set(chunks.map(({ id }) => this.#chunkKey(id)));
    const listed = await this.#heads.objects.list(`${this.#directory}/s/`);
    // By the clock of the storage.
    const now = listed.find(({ key }) => key === this.#chunkKey(newest))?.lastModified.getTime() ?? 0;
    const old = listed.filter(
      ({ key, lastModified }) => !named.has(key) && now - lastModified.getTime() > CHUNK_EXPIRES_MS,
    );
    await this.#deleteAll(old.map(({ key }) => key));
  }

  async #deleteMarkers(markers: readonly Marker[], state: State<T>): Promise<void> {
    const revs = new Map(rowsOf(state).map(({ id, rev }) => [id, rev]));
    // By the clock of the storage: that of this machine may be days ahead.
    const now = Math.max(0, ...markers.map(({ lastModified }) => lastModified.getTime()));
    const isOld = ({ lastModified }: Marker, ageMs: number) => now - lastModified.getTime() > ageMs;
    const done = markers.filter((marker) => {
      const rev = revs.get(marker.id);
      return rev === undefined ? isOld(marker, MARKER_EXPIRES_MS) : marker.rev <= rev;
    });
    await this.#deleteAll(done.map(({ key }) => key));
    const stuck = markers.filter((marker) => {
      const rev = revs.get(marker.id);
      return rev !== undefined && marker.rev > rev && isOld(marker, MARKER_IS_STUCK_MS);
    });
    // Written anew, the head has the revision that was announced, and whoever announced it cannot write it any more.
    for (const id of new Set(stuck.map(({ id }) => id)))
      await this.#heads.change(
        this.#of,
        id,
        (head) => ({ ...head }),
        () => gone(id),
      );
  }

  async #deleteAll(keys: readonly string[]): Promise<void> {
    await inParallel(
      keys.map((key) => () => this.#heads.objects.delete(key)),
      PARALLEL_READS,
      undefined,
    );
  }

  #chunkKey(id: string): string {
    return `${this.#directory}/s/${id}.ndjson.gz`;
  }
}

const CHUNK_HEADERS = { headers: { "content-type": "application/gzip" } };

const gone = (place: string): TidemarkError =>
  new TidemarkError("DATA_DAMAGED", `the head of ${place} has disappeared`);

/** The newest of each head. */
function rowsOf<T extends HeadFields & { readonly id: string }>({ chunks, fresh }: State<T>): T[] {
  const rows = new Map<string, T>();
  for (const chunk of chunks.values()) for (const row of chunk) rows.set(row.id, row);
  for (const [id, head] of fresh) if (head !== undefined) rows.set(id, head);
  return [...rows.values()];
}

/** Which chunks are to be replaced by which: those with a row that has changed, and the last one where new rows find room in it. */
function changedChunks<T extends HeadFields & { readonly id: string }>(
  chunks: ReadonlyMap<string, readonly T[]>,
  fresh: ReadonlyMap<string, T | undefined>,
  isGone: (head: T) => boolean,
): { removed: Set<string>; added: T[][] } {
  const newHeads = new Map([...fresh].flatMap(([id, head]) => (head === undefined ? [] : [[id, head] as const])));
  const removed = new Set<string>();
  const added: T[][] = [];
  const rest = new Map(newHeads);
  let last: { readonly id: string; readonly rows: readonly T[] } | undefined;
  for (const [chunkId, rows] of chunks) {
    const isChanged = rows.some(({ id }) => newHeads.has(id));
    const updated = isChanged ? rows.map((row) => newHeads.get(row.id) ?? row).filter((row) => !isGone(row)) : rows;
    for (const { id } of rows) rest.delete(id);
    if (isChanged) removed.add(chunkId);
    if (isChanged) added.push(...cutIntoChunks(updated));
    else if (hasRoom(rows)) last = { id: chunkId, rows };
  }
  const newcomers = [...rest.values()].filter((head) => !isGone(head));
  if (newcomers.length === 0) return { removed, added };
  const open = added.findIndex(hasRoom);
  const start = open >= 0 ? (added.splice(open, 1)[0] ?? []) : (last?.rows ?? []);
  if (open < 0 && last !== undefined) removed.add(last.id);
  added.push(...cutIntoChunks([...start, ...newcomers]));
  return { removed, added };
}
