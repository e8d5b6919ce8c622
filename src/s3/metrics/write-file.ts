import { setImmediate as nextTurn } from "node:timers/promises";
import type { MetricColumns } from "../../contract/batch.ts";
import { latestPoints, writeLatest } from "./latest-points.ts";
import type { KeyRun, SortedRows } from "./metric-rows.ts";
import { type ColumnSource, parquetWriter } from "./parquet-writer.ts";

/** The format of a file of metrics, as docs/formats/s3-store.md describes it. */
export const METRICS_FORMAT = "1";

/** Rows of several keys are in one row group as long as they are fewer. */
const FEWEST_GROUP_ROWS = 8_192;
/** A group is encoded without a pause: so many rows take some dozens of milliseconds. */
const MOST_GROUP_ROWS = 65_536;
const INT32 = 2 ** 31;

/** How a file of metrics is made. */
export interface WriteFileOptions {
  readonly runId: string;
  /** Many rows: keys get row groups of their own, and the latest values stand in the footer. */
  readonly isCompacted: boolean;
}

/** A Parquet file with these rows. @throws {TidemarkError} `NOT_IMPLEMENTED` where the package that writes it is missing */
export async function writeFile(rows: SortedRows, { runId, isCompacted }: WriteFileOptions): Promise<Uint8Array> {
  const { ByteWriter, parquetWrite } = await parquetWriter();
  const writer = new ByteWriter();
  // Between two row groups others get their turn.
  if (isCompacted) writer.flush = () => nextTurn();
  const latest = isCompacted ? writeLatest(latestPoints(rows)) : undefined;
  await parquetWrite({
    writer,
    columnData: columnsOf(rows),
    rowGroupSize: isCompacted ? groupSizes(rows.runs) : Math.max(1, rows.columns.length),
    // A truncated key would not say which key it is.
    statisticsTruncateLength: Number.POSITIVE_INFINITY,
    createdBy: "tidemark",
    kvMetadata: [
      { key: "tidemark.format", value: METRICS_FORMAT },
      { key: "run_id", value: runId },
      ...(latest === undefined ? [] : [{ key: "tidemark.latest", value: latest }]),
    ],
  });
  return writer.getBytes();
}

function columnsOf({ series, columns, runs }: SortedRows): ColumnSource[] {
  const { length, seriesIds, values, timestamps, steps } = columns;
  const keys = new Array<string>(length);
  for (const { key, from, to } of runs) keys.fill(key, from, to);
  const used = new Set(seriesIds.subarray(0, length));
  const isUsed = (has: (id: number) => boolean) => [...used].some(has);
  const text = (name: string, of: (id: number) => string | undefined): ColumnSource[] =>
    isUsed((id) => of(id) !== undefined)
      ? [
          {
            name,
            type: "STRING",
            nullable: true,
            encoding: "RLE_DICTIONARY",
            data: Array.from(seriesIds.subarray(0, length), of),
          },
        ]
      : [];
  return [
    { name: "key", type: "STRING", nullable: false, encoding: "RLE_DICTIONARY", data: keys },
    integers("step", steps, columns),
    integers("timestamp", timestamps, columns),
    { name: "value", type: "DOUBLE", nullable: false, encoding: "BYTE_STREAM_SPLIT", data: values.subarray(0, length) },
    ...text("model", (id) => series[id]?.modelId),
    ...text("dataset_name", (id) => series[id]?.dataset?.name),
    ...text("dataset_digest", (id) => series[id]?.dataset?.digest),
  ];
}

/** Small ones as numbers: bigints take several times as long. */
function integers(name: string, numbers: Float64Array, { length }: MetricColumns): ColumnSource {
  const used = numbers.subarray(0, length);
  const isSmall = used.every((number) => number >= -INT32 && number < INT32);
  const data = isSmall ? Int32Array.from(used) : BigInt64Array.from(used, BigInt);
  return { name, type: "INT64", nullable: false, encoding: "DELTA_BINARY_PACKED", data };
}

/** Keys with many rows are alone in their groups, so that who wants one key reads little else. */
export function groupSizes(runs: readonly KeyRun[]): number[] {
  const sizes: number[] = [];
  let open = 0;
  const close = () => {
    if (open > 0) sizes.push(open);
    open = 0;
  };
  for (const { from, to } of runs) {
    const count = to - from;
    if (count >= FEWEST_GROUP_ROWS) {
      close();
      const parts = Math.ceil(count / MOST_GROUP_ROWS);
      for (let part = 0; part < parts; part++)
        sizes.push(Math.floor(((part + 1) * count) / parts) - Math.floor((part * count) / parts));
      continue;
    }
    open += count;
    if (open >= FEWEST_GROUP_ROWS) close();
  }
  close();
  return sizes.length === 0 ? [1] : sizes;
}
