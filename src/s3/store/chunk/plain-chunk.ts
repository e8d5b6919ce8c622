import type { ColumnName, ColumnPlan } from "./column.ts";
import { LARGEST_TEXT_BYTES } from "./directory.ts";
import type { ChunkHead, ChunkKind, IndexChunk, IndexRow } from "./index-chunk.ts";
import { parseLines } from "./lines.ts";
import { unpackFile } from "./unpack.ts";

/** A chunk that was read whole. */
export class PlainChunk<T extends ChunkHead> implements IndexChunk<T> {
  readonly ids: readonly string[];
  readonly revs: readonly number[];
  readonly #heads: readonly T[];
  readonly #plan: ColumnPlan<T>;

  readonly #isGone: (head: T) => boolean;

  constructor(heads: readonly T[], { columns, isGone }: Pick<ChunkKind<T>, "columns" | "isGone">) {
    this.ids = heads.map(({ id }) => id);
    this.revs = heads.map(({ rev }) => rev);
    this.#heads = heads;
    this.#plan = columns;
    this.#isGone = isGone;
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` */
  static async open<T extends ChunkHead>(bytes: Buffer, place: string, kind: ChunkKind<T>): Promise<PlainChunk<T>> {
    const text = await unpackFile(bytes, LARGEST_TEXT_BYTES, place);
    return new PlainChunk(parseLines(text, kind.schema, place), kind);
  }

  isGone(at: number): boolean {
    return this.#isGone(this.#heads[at] as T);
  }

  async load(): Promise<void> {}

  row(at: number): IndexRow<T> {
    return new HeadRow(this.#heads[at] as T, this.#plan);
  }

  async heads(): Promise<readonly T[]> {
    return this.#heads;
  }
}

/** A head that is there. */
export class HeadRow<T extends ChunkHead> implements IndexRow<T> {
  readonly #head: T;
  readonly #plan: ColumnPlan<T>;

  constructor(head: T, plan: ColumnPlan<T>) {
    this.#head = head;
    this.#plan = plan;
  }

  get id(): string {
    return this.#head.id;
  }

  value({ group, name }: ColumnName): unknown {
    return this.#plan.get(group)?.value(this.#head, name);
  }

  async head(): Promise<T> {
    return this.#head;
  }
}
