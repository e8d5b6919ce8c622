import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type ColumnPlan, type ColumnValues, columnJson, ROW_GROUP } from "./column.ts";
import { DIRECTORY_FORMAT, LENGTH_BYTES } from "./directory.ts";
import { sideMembers } from "./side-bytes.ts";

const pack = promisify(gzip);

/**
 * Heads that are unpacked together. Deflate looks back 32 KiB: larger blocks would hardly be smaller in sum, and whoever shows one head of
 * each would unpack more.
 */
const BLOCK_CHARACTERS = 64 << 10;
/** Columns that are shorter share a section: thousands of keys that few heads have are then no thousands of sections. */
const SECTION_CHARACTERS = 16 << 10;

interface PackedSection {
  readonly group: string;
  readonly first: string;
  readonly last: string;
  readonly bytes: Buffer;
}

/** Heads as lines of JSON, gzipped: anything can read that. What is stored by columns rides along unseen, for searches. */
export async function chunkBytes<T>(heads: readonly T[], plan: ColumnPlan<T>): Promise<Buffer> {
  const blocks = await Promise.all(
    cutIntoBlocks(heads).map(async ({ rows, text }) => ({ rows, bytes: await pack(text) })),
  );
  const text = Buffer.concat(blocks.map(({ bytes }) => bytes));
  if (plan.size === 0 || heads.length === 0) return blocks.length === 0 ? await pack("") : text;
  const groups = [...plan].flatMap(([group, { entries }]) =>
    sectionsOf(group, columnsOf(heads, entries), heads.length),
  );
  const sections = await Promise.all(
    groups.map(async ({ json, ...names }): Promise<PackedSection> => ({ ...names, bytes: await pack(json) })),
  );
  const directory = await pack(
    JSON.stringify({
      format: DIRECTORY_FORMAT,
      rows: heads.length,
      blocks: blocks.map(({ rows, bytes }) => [rows, bytes.length]),
      sections: sections.map(({ group, first, last, bytes }) => [group, first, last, bytes.length]),
    }),
  );
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(directory.length);
  return Buffer.concat([sideMembers(Buffer.concat([length, directory, ...sections.map(({ bytes }) => bytes)])), text]);
}

function cutIntoBlocks(heads: readonly unknown[]): { rows: number; text: string }[] {
  const blocks: { rows: number; text: string }[] = [];
  for (const head of heads) {
    const line = `${JSON.stringify(head)}\n`;
    const last = blocks.at(-1);
    if (last !== undefined && last.text.length + line.length <= BLOCK_CHARACTERS) {
      last.text += line;
      last.rows++;
    } else blocks.push({ rows: 1, text: line });
  }
  return blocks;
}

function columnsOf<T>(
  heads: readonly T[],
  entries: (head: T) => Iterable<readonly [string, unknown]>,
): Map<string, ColumnValues> {
  const columns = new Map<string, ColumnValues>();
  for (const [row, head] of heads.entries()) {
    for (const [name, value] of entries(head)) {
      const column = columns.get(name);
      if (column === undefined) columns.set(name, { values: [value], rows: [row] });
      // The first of a name counts, as it does where the head itself is asked.
      else if (column.rows.at(-1) !== row) {
        column.values.push(value);
        column.rows.push(row);
      }
    }
  }
  return columns;
}

/** Columns in the order of their names, cut into sections. What every reader asks for is always one. */
function sectionsOf(
  group: string,
  columns: ReadonlyMap<string, ColumnValues>,
  rowCount: number,
): { group: string; first: string; last: string; json: string }[] {
  const sections: { first: string; last: string; columns: string[]; length: number }[] = [];
  for (const name of [...columns.keys()].sort()) {
    const json = columnJson(name, columns.get(name) as ColumnValues, rowCount);
    const open = sections.at(-1);
    const isShared = open !== undefined && (group === ROW_GROUP || open.length + json.length <= SECTION_CHARACTERS);
    if (isShared) {
      open.columns.push(json);
      open.last = name;
      open.length += json.length;
    } else sections.push({ first: name, last: name, columns: [json], length: json.length });
  }
  return sections.map(({ first, last, columns: texts }) => ({ group, first, last, json: `[${texts.join(",")}]` }));
}
