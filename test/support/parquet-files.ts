import type { ByteSource } from "../../src/s3/metrics/read-file.ts";
import { sortRows } from "../../src/s3/metrics/sort-rows.ts";
import { writeFile } from "../../src/s3/metrics/write-file.ts";
import { batchOf, type LoggedValue } from "./metric-batches.ts";

export const RUN_ID = "0123456789abcdef0123456789abcdef";

/** A file of metrics with these values. */
export async function fileOf(values: readonly LoggedValue[], isCompacted = false): Promise<Uint8Array> {
  const [columns, series] = batchOf(values);
  return await writeFile(sortRows({ series, columns }), { runId: RUN_ID, isCompacted });
}

/** The bytes as an object, and which ranges of it were read. */
export function sourceOf(bytes: Uint8Array): ByteSource & { readonly ranges: [from: number, to: number][] } {
  const ranges: [number, number][] = [];
  return {
    sizeBytes: bytes.length,
    place: "the file",
    ranges,
    read: async ({ from, to }) => {
      ranges.push([from, to]);
      return bytes.subarray(from, to);
    },
  };
}
