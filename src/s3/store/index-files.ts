import { z } from "zod";
import { inParallel } from "../parallel.ts";
import type { ColumnName, ColumnPlan } from "./chunk/column.ts";
import type { ChunkHead, IndexChunk } from "./chunk/index-chunk.ts";
import { readChunk } from "./chunk/read-chunk.ts";
import { chunkBytes } from "./chunk/write-chunk.ts";
import { type HeadFields, type HeadKind, type Heads, headFields } from "./heads.ts";
import { dirtyDirectory, parseDirtyKey } from "./index-marker.ts";
import { newNonce } from "./store-objects.ts";

const manifestSchema = z.object({ ...headFields, chunks: z.array(z.object({ id: z.string(), rows: z.int() })) });
export type Manifest = z.infer<typeof manifestSchema>;

/** A head that an index can be of. */
export type IndexHead = HeadFields & ChunkHead;

/** The heads that an index is of. */
export interface IndexedHeads<T extends IndexHead> extends HeadKind<T> {
  /** Such a head never comes back: it need not be kept here. */
  readonly isGone: (head: T) => boolean;
  /** What is stored by columns too; absent: nothing is. */
  readonly columns?: ColumnPlan<T>;
}

/** A marker: this head has, or will have, this revision. */
export interface Marker {
  readonly key: string;
  readonly id: string;
  readonly rev: number;
  readonly lastModified: Date;
}

export const PARALLEL_READS = 16;
const CHUNK_HEADERS = { headers: { "content-type": "application/gzip" } };

/** The objects of one index. */
export class IndexFiles<T extends IndexHead> {
  readonly heads: Heads;
  readonly directory: string;
  readonly of: IndexedHeads<T>;
  readonly manifestKind: HeadKind<Manifest>;
  readonly plan: ColumnPlan<T>;

  constructor(heads: Heads, directory: string, of: IndexedHeads<T>) {
    this.heads = heads;
    this.directory = directory;
    this.of = of;
    this.manifestKind = { schema: manifestSchema, keyOf: () => `${directory}/manifest.json` };
    this.plan = of.columns ?? new Map();
  }

  async markers(): Promise<Marker[]> {
    const listed = await this.heads.objects.list(dirtyDirectory(this.directory));
    return listed.flatMap(({ key, lastModified }) => {
      const marker = parseDirtyKey(key);
      return marker === undefined ? [] : { ...marker, key, lastModified };
    });
  }

  async manifest(): Promise<Manifest | undefined> {
    return await this.heads.read(this.manifestKind, "");
  }

  /** `undefined` where it is not there any more. @throws {TidemarkError} `DATA_DAMAGED` */
  async chunk(id: string, columns: readonly ColumnName[]): Promise<IndexChunk<T> | undefined> {
    const kind = { schema: this.of.schema, columns: this.plan, isGone: this.of.isGone };
    return await readChunk(this.heads.objects, this.chunkKey(id), kind, columns);
  }

  /** A new one, which no manifest names yet. */
  async putChunk(rows: readonly T[]): Promise<{ id: string; rows: number }> {
    const id = newNonce();
    await this.heads.objects.put(this.chunkKey(id), await chunkBytes(rows, this.plan), CHUNK_HEADERS);
    return { id, rows: rows.length };
  }

  async deleteAll(keys: readonly string[]): Promise<void> {
    await inParallel(
      keys.map((key) => () => this.heads.objects.delete(key)),
      PARALLEL_READS,
      undefined,
    );
  }

  chunkKey(id: string): string {
    return `${this.chunkDirectory}${id}.ndjson.gz`;
  }

  get chunkDirectory(): string {
    return `${this.directory}/s/`;
  }
}
