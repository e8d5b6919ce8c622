import { checkHead, parseJson } from "../heads.ts";
import { damaged } from "../store-objects.ts";
import { type ColumnName, IS_GONE, ROW_GROUP } from "./column.ts";
import { type Column, Columns, LARGEST_PART_BYTES } from "./columns.ts";
import type { Block, Directory } from "./directory.ts";
import type { ChunkHead, ChunkKind, IndexChunk, IndexRow } from "./index-chunk.ts";
import { lineAt, parseLines } from "./lines.ts";
import { unpackMember } from "./unpack.ts";

const ID: ColumnName = { group: ROW_GROUP, name: "id" };
const REV: ColumnName = { group: ROW_GROUP, name: "rev" };

/** A chunk of which only those columns are read that somebody asks for, and only those heads that somebody is shown. */
export class ColumnChunk<T extends ChunkHead> implements IndexChunk<T> {
  readonly ids: readonly string[];
  readonly revs: readonly number[];
  readonly columns: Columns;
  readonly #directory: Directory;
  readonly #place: string;
  readonly #kind: ChunkKind<T>;
  readonly #gone: Column;
  /** The lines of blocks of which somebody was shown a head. */
  readonly #shown = new Map<Block, Promise<Buffer>>();

  private constructor(directory: Directory, columns: Columns, place: string, kind: ChunkKind<T>) {
    this.columns = columns;
    this.#directory = directory;
    this.#place = place;
    this.#kind = kind;
    this.ids = this.#ofAllRows(ID) as readonly string[];
    this.revs = this.#ofAllRows(REV) as readonly number[];
    this.#gone = columns.get(IS_GONE);
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` */
  static async open<T extends ChunkHead>(
    directory: Directory,
    wanted: readonly ColumnName[],
    place: string,
    kind: ChunkKind<T>,
  ): Promise<ColumnChunk<T>> {
    const columns = new Columns(directory, kind.columns, place);
    await columns.load([ID, REV, IS_GONE, ...wanted]);
    return new ColumnChunk(directory, columns, place, kind);
  }

  isGone(at: number): boolean {
    return this.#gone?.[at] === true;
  }

  async load(columns: readonly ColumnName[]): Promise<void> {
    await this.columns.load(columns);
  }

  row(at: number): IndexRow<T> {
    return new ColumnRow(this, at);
  }

  async heads(): Promise<readonly T[]> {
    const heads: T[] = [];
    for (const { bytes, firstRow, rowCount } of this.#directory.blocks) {
      const lines = await unpackMember(bytes, LARGEST_PART_BYTES, this.#place);
      const parsed = parseLines(lines, this.#kind.schema, this.#place);
      if (parsed.length !== rowCount) throw this.#differs();
      for (const [at, head] of parsed.entries()) heads.push(this.#checked(head, firstRow + at));
    }
    return heads;
  }

  /** @throws {TidemarkError} `DATA_DAMAGED` */
  async headAt(row: number): Promise<T> {
    const block = this.#directory.blocks.find(({ firstRow, rowCount }) => row < firstRow + rowCount) as Block;
    const line = lineAt(await this.#linesOf(block), row - block.firstRow);
    if (line === undefined) throw this.#differs();
    return this.#checked(checkHead(this.#kind.schema, parseJson(line, this.#place), this.#place), row);
  }

  async #linesOf(block: Block): Promise<Buffer> {
    const known = this.#shown.get(block);
    if (known !== undefined) return await known;
    const lines = unpackMember(block.bytes, LARGEST_PART_BYTES, this.#place);
    this.#shown.set(block, lines);
    return await lines;
  }

  #checked(head: T, row: number): T {
    if (head.id !== this.ids[row] || head.rev !== this.revs[row]) throw this.#differs();
    return head;
  }

  #ofAllRows(name: ColumnName): Column {
    const column = this.columns.get(name) ?? [];
    const isWhole = column.length === this.#directory.rowCount && !column.includes(null);
    if (!isWhole) throw damaged(this.#place, `has rows without ${name.name}`);
    return column;
  }

  #differs() {
    return damaged(this.#place, "has columns of other heads than its own");
  }
}

class ColumnRow<T extends ChunkHead> implements IndexRow<T> {
  readonly #chunk: ColumnChunk<T>;
  readonly #at: number;

  constructor(chunk: ColumnChunk<T>, at: number) {
    this.#chunk = chunk;
    this.#at = at;
  }

  get id(): string {
    return this.#chunk.ids[this.#at] as string;
  }

  value(column: ColumnName): unknown {
    return this.#chunk.columns.get(column)?.[this.#at] ?? undefined;
  }

  async head(): Promise<T> {
    return await this.#chunk.headAt(this.#at);
  }
}
