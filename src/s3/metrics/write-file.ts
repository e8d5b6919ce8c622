import { setImmediate as nextTurn } from "node:timers/promises";
import type { Series } from "../../contract/batch.ts";
import { latestPoints, writeLatest } from "./latest-points.ts";
import type { KeyRun, SortedRows } from "./metric-rows.ts";
import { type ColumnSource, parquetWriter } from "./parquet-writer.ts";

/** The format of a file of metrics, as docs/formats/s3-store.md describes it. */
export const METRICS_FORMAT = "1";

/** Rows of several keys are in one row group as long as they are fewer. */
const FEWEST_GROUP_ROWS = 8_192;
/** A group is encoded without a pause: so many rows take some dozens of milliseconds. */
const MOST_GROUP_ROWS = 65_536;
const WORD = 2 ** 32;
/** What rows take at most, nearly always, and what a file takes beside them. */
const MOST_ROW_BYTES = 8;
const HEAD_BYTES = 4_096;
/** A page for each column of a group. Groups are small enough, and looking for the ends of pages takes a fifth of the time of writing. */
const ONE_PAGE = 0;
/** By what readers choose row groups. Bounds of all columns take a quarter of the time of writing, and a segment has one group only. */
const SOUGHT = "key";

/** How a file of metrics is made. */
export interface WriteFileOptions {
  readonly runId: string;
  /** Many rows: keys get row groups of their own, and the latest values stand in the footer. */
  readonly isCompacted: boolean;
}

/** A Parquet file with these rows. @throws {TidemarkError} `NOT_IMPLEMENTED` where the package that writes it is missing */
export async function writeFile(rows: SortedRows, { runId, isCompacted }: WriteFileOptions): Promise<Uint8Array> {
  const { ByteWriter, parquetWrite } = await parquetWriter();
  // Growing would copy all of it again and again.
  const writer = new ByteWriter(HEAD_BYTES + rows.columns.length * MOST_ROW_BYTES);
  // Between two row groups others get their turn.
  if (isCompacted) writer.flush = () => nextTurn();
  const latest = isCompacted ? writeLatest(latestPoints(rows)) : undefined;
  await parquetWrite({
    writer,
    columnData: columnsOf(rows).map((column) => ({ ...column, statistics: isCompacted && column.name === SOUGHT })),
    pageSize: ONE_PAGE,
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
  const { length, seriesIds, values, timestamps, steps, parts } = columns;
  const keys = new Array<string>(length);
  for (const { key, from, to } of runs) keys.fill(key, from, to);
  const isUsed = new Uint8Array(series.length);
  for (let i = 0; i < length; i++) isUsed[seriesIds[i] as number] = 1;
  const text = (name: string, of: (one: Series) => string | undefined): ColumnSource[] => {
    const texts = series.map(of);
    if (!texts.some((text, id) => text !== undefined && isUsed[id] === 1)) return [];
    const data = Array.from(seriesIds.subarray(0, length), (id) => texts[id]);
    return [{ name, type: "STRING", nullable: true, encoding: "RLE_DICTIONARY", data }];
  };
  return [
    { name: "key", type: "STRING", nullable: false, encoding: "RLE_DICTIONARY", data: keys },
    integers("step", steps.subarray(0, length)),
    integers("timestamp", timestamps.subarray(0, length)),
    { name: "value", type: "DOUBLE", nullable: false, encoding: "BYTE_STREAM_SPLIT", data: values.subarray(0, length) },
    ...text("model", ({ modelId }) => modelId),
    ...text("dataset_name", ({ dataset }) => dataset?.name),
    ...text("dataset_digest", ({ dataset }) => dataset?.digest),
    ...(parts?.some((part) => part > 0) === true ? [integers("part", Float64Array.from(parts))] : []),
  ];
}

function integers(name: string, numbers: Float64Array): ColumnSource {
  return { name, type: "INT64", nullable: false, encoding: "DELTA_BINARY_PACKED", data: toIntegers(numbers) };
}

/** Small ones as numbers, which take a fraction of the time that bigints take. The others without making a bigint of each here. */
function toIntegers(numbers: Float64Array): Int32Array | BigInt64Array {
  return toSmallIntegers(numbers) ?? toLargeIntegers(numbers);
}

/** `undefined` where one does not fit into 32 bits. */
function toSmallIntegers(numbers: Float64Array): Int32Array | undefined {
  const small = new Int32Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    if (number !== (number | 0)) return undefined;
    small[i] = number;
  }
  return small;
}

function toLargeIntegers(numbers: Float64Array): BigInt64Array {
  const halves = new Int32Array(2 * numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number;
    const high = Math.floor(number / WORD);
    halves[2 * i] = number - high * WORD;
    halves[2 * i + 1] = high;
  }
  return new BigInt64Array(halves.buffer);
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
