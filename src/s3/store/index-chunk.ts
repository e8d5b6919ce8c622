import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { z } from "zod";
import { checkHead, parseJson } from "./heads.ts";
import { damaged, type StoreObjects } from "./store-objects.ts";

const pack = promisify(gzip);
const unpack = promisify(gunzip);

const LARGEST_OBJECT_BYTES = 128 << 20;
const LARGEST_TEXT_BYTES = 512 << 20;
/** Of many small pieces each would be an event of its own. */
const UNPACKED_PIECE_BYTES = 1 << 20;
/** Rows of a chunk, unless they are large. */
const MOST_ROWS = 2_000;
const MOST_TEXT = 8 << 20;

/** Lines of JSON, gzipped: anything can read that. */
export async function chunkBytes(rows: readonly unknown[]): Promise<Buffer> {
  return await pack(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

/** `undefined` where the chunk is not there any more. @throws {TidemarkError} `DATA_DAMAGED` */
export async function readChunk<T>(objects: StoreObjects, key: string, schema: z.ZodType<T>): Promise<T[] | undefined> {
  const object = await objects.get(key, LARGEST_OBJECT_BYTES);
  if (object === undefined) return undefined;
  const place = objects.describe(key);
  const options = { maxOutputLength: LARGEST_TEXT_BYTES, chunkSize: UNPACKED_PIECE_BYTES };
  const text = await unpack(object.bytes, options).catch((error: unknown) => {
    throw damaged(place, "is not gzipped", error);
  });
  const lines = text.toString("utf8").trimEnd().replaceAll("\n", ",");
  // All lines at once: thousands of texts, one for each, would take half as long again.
  const rows = parseJson(`[${lines}]`, place) as readonly unknown[];
  return rows.map((row) => checkHead(schema, row, place));
}

/** Cuts rows into chunks. */
export function cutIntoChunks<T>(rows: readonly T[]): T[][] {
  const chunks: T[][] = [];
  let length = 0;
  for (const row of rows) {
    const size = JSON.stringify(row).length;
    const last = chunks.at(-1);
    if (last !== undefined && last.length < MOST_ROWS && length + size <= MOST_TEXT) {
      last.push(row);
      length += size;
    } else {
      chunks.push([row]);
      length = size;
    }
  }
  return chunks;
}

export const hasRoom = (rows: readonly unknown[]): boolean => rows.length < MOST_ROWS;
