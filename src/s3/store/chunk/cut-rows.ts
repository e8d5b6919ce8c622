/** Rows of a chunk, unless they are large. */
const MOST_ROWS = 2_000;
const MOST_TEXT = 8 << 20;

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

export const hasRoom = (rows: { readonly length: number }): boolean => rows.length < MOST_ROWS;
