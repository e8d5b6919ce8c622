import { setImmediate as nextTurn } from "node:timers/promises";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import type { ByteRange } from "../object-requests.ts";
import { inParallel } from "../parallel.ts";
import { type LatestOfSeries, latestPoints, readLatest } from "./latest-points.ts";
import type { MetricRows } from "./metric-rows.ts";
import { readNumbers, readTexts, type TextColumn } from "./parquet/columns.ts";
import { damaged } from "./parquet/damage.ts";
import { type ColumnChunk, type Footer, footerBytes, type RowGroup, readFooter, TAIL_BYTES } from "./parquet/footer.ts";
import { type DecodedGroup, RowsBuilder } from "./rows-builder.ts";
import { METRICS_FORMAT } from "./write-file.ts";

/** Where the bytes of a file come from. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** For people. */
  readonly place: string;
  read(range: ByteRange, signal: AbortSignal | undefined): Promise<Uint8Array>;
}

/** A file of so few is read at once. */
const SMALL_FILE_BYTES = 512 << 10;
/** What is read first of others: nearly always the footer is in it. */
const FIRST_READ_BYTES = 64 << 10;
/** Bytes that nobody wants are read when asking once more would take longer. */
const LARGEST_GAP_BYTES = 64 << 10;
const LARGEST_READ_BYTES = 8 << 20;
const PARALLEL_READS = 4;
/** Of one file: tens of millions of rows. Writers here begin another one after the first million. */
const MOST_BYTES = 256 << 20;
/** Decoding them takes no time worth a pause. */
const FEW_ROWS = 4_096;

/** What is wanted of a file. */
export interface Wanted {
  /** Only the rows of this key. Default: all. */
  readonly key?: string | undefined;
  readonly runId: string;
  /** With the part of the log that each is in. Default false. */
  readonly withParts?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The rows of a file of metrics. Of a large one only the row groups and columns are read that it takes.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for what is no such file, with its place; `NOT_IMPLEMENTED` for one of a later format
 */
export async function readRows(source: ByteSource, wanted: Wanted): Promise<MetricRows> {
  return await guarded(source, async () => {
    const { footer, rest } = await begin(source, wanted);
    return await rowsOf(rest, footer, wanted);
  });
}

/** The latest value of every series in the file. Where the footer tells them, nothing else is read. */
export async function readLatestOf(source: ByteSource, wanted: Wanted): Promise<readonly LatestOfSeries[]> {
  return await guarded(source, async () => {
    const { footer, rest } = await begin(source, wanted);
    return readLatest(footer.metadata.get("tidemark.latest")) ?? latestPoints(await rowsOf(rest, footer, wanted));
  });
}

async function guarded<T>({ place }: ByteSource, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const isDamage = error instanceof TidemarkError ? error.code === "DATA_DAMAGED" : error instanceof RangeError;
    if (!isDamage) throw error;
    const message = `${place} is no file of metrics that can be read: ${messageOf(error)}`;
    throw new TidemarkError("DATA_DAMAGED", message, { cause: error });
  }
}

/** Reads the footer, and answers the source with what has come with it already. */
async function begin(source: ByteSource, { runId, signal }: Wanted): Promise<{ footer: Footer; rest: ByteSource }> {
  const { sizeBytes } = source;
  let from = sizeBytes <= SMALL_FILE_BYTES ? 0 : sizeBytes - FIRST_READ_BYTES;
  let tail = await source.read({ from, to: sizeBytes }, signal);
  const length = footerBytes(tail, sizeBytes);
  if (length + TAIL_BYTES > tail.length) {
    from = sizeBytes - TAIL_BYTES - length;
    tail = await source.read({ from, to: sizeBytes }, signal);
  }
  const footer = readFooter(tail.subarray(tail.length - TAIL_BYTES - length, tail.length - TAIL_BYTES), sizeBytes);
  const format = footer.metadata.get("tidemark.format");
  if (format === undefined) throw damaged("does not say its format");
  if (format !== METRICS_FORMAT) {
    const message = `${source.place} is in format ${format.slice(0, 20)}, which a later version of tidemark reads`;
    throw new TidemarkError("NOT_IMPLEMENTED", message);
  }
  if (footer.metadata.get("run_id") !== runId) throw damaged("is of another run");
  return { footer, rest: withKnown(source, tail, from) };
}

const withKnown = (source: ByteSource, known: Uint8Array, knownFrom: number): ByteSource => ({
  ...source,
  read: async (range, signal) =>
    range.from >= knownFrom
      ? known.subarray(range.from - knownFrom, range.to - knownFrom)
      : await source.read(range, signal),
});

const NUMBERS = ["step", "timestamp", "value"] as const;
const PART = "part";
const TEXTS = ["model", "dataset_name", "dataset_digest"] as const;

async function rowsOf(source: ByteSource, { groups }: Footer, wanted: Wanted): Promise<MetricRows> {
  const { key, withParts = false, signal } = wanted;
  const chosen = groups.filter((group) => mayHold(group, key));
  const chunks = chosen.flatMap((group) => chunksFor(group, withParts));
  const bytesOf = await fetchChunks(source, chunks, signal);
  const builder = new RowsBuilder(key);
  for (const group of chosen) {
    builder.add(decoded(group, bytesOf, withParts));
    // Others get their turn.
    if (group.rowCount > FEW_ROWS) await nextTurn();
  }
  return builder.rows();
}

function decoded(group: RowGroup, bytesOf: BytesOf, withParts: boolean): DecodedGroup {
  const { rowCount, chunks } = group;
  const numbers = (name: string): Float64Array => {
    const chunk = required(chunks, name);
    return readNumbers(bytesOf(chunk), chunk, rowCount);
  };
  const texts = (name: string): TextColumn | undefined => {
    const chunk = chunks.get(name);
    return chunk === undefined ? undefined : readTexts(bytesOf(chunk), chunk, rowCount);
  };
  const only = onlyKey(group);
  return {
    steps: numbers("step"),
    timestamps: numbers("timestamp"),
    values: numbers("value"),
    parts: withParts && chunks.has(PART) ? numbers(PART) : undefined,
    keys: only === undefined ? (texts("key") as TextColumn) : { table: [only], ids: new Uint32Array(rowCount) },
    models: texts("model"),
    datasetNames: texts("dataset_name"),
    datasetDigests: texts("dataset_digest"),
  };
}

/** Whether a row group can have rows of a key, by its smallest and largest one. */
function mayHold({ chunks }: RowGroup, key: string | undefined): boolean {
  const { least, greatest } = required(chunks, "key");
  if (key === undefined) return true;
  const bytes = Buffer.from(key);
  return !(
    (least !== undefined && Buffer.compare(bytes, least) < 0) ||
    (greatest !== undefined && Buffer.compare(bytes, greatest) > 0)
  );
}

/** The key of all rows of a group; `undefined` where it is not the same. */
function onlyKey({ chunks }: RowGroup): string | undefined {
  const { least, greatest } = required(chunks, "key");
  if (least === undefined || greatest === undefined || Buffer.compare(least, greatest) !== 0) return undefined;
  return Buffer.from(least).toString();
}

function chunksFor(group: RowGroup, withParts: boolean): ColumnChunk[] {
  return [
    ...(onlyKey(group) === undefined ? [required(group.chunks, "key")] : []),
    ...NUMBERS.map((name) => required(group.chunks, name)),
    ...TEXTS.flatMap((name) => group.chunks.get(name) ?? []),
    ...(withParts ? [group.chunks.get(PART) ?? []].flat() : []),
  ];
}

type BytesOf = (chunk: ColumnChunk) => Uint8Array;

/** Reads what lies close together at once, and some of it at a time. */
async function fetchChunks(
  source: ByteSource,
  chunks: readonly ColumnChunk[],
  signal: AbortSignal | undefined,
): Promise<BytesOf> {
  const ranges: { from: number; to: number }[] = [];
  for (const { from, to } of [...chunks].sort((a, b) => a.from - b.from)) {
    const last = ranges.at(-1);
    if (last !== undefined && from - last.to <= LARGEST_GAP_BYTES && to - last.from <= LARGEST_READ_BYTES)
      last.to = Math.max(last.to, to);
    else ranges.push({ from, to });
  }
  // Chunks that lie on each other would have the same bytes read many times.
  const bytes = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  if (bytes > source.sizeBytes) throw damaged("has columns in columns");
  if (bytes > MOST_BYTES) throw damaged("is larger than metrics are kept");
  const tasks = ranges.map((range) => (stop: AbortSignal) => source.read(range, stop));
  const pieces = await inParallel(tasks, PARALLEL_READS, signal);
  return ({ from, to }) => {
    const at = ranges.findIndex((range) => range.from <= from && to <= range.to);
    const { from: start } = ranges[at] as ByteRange;
    return (pieces[at] as Uint8Array).subarray(from - start, to - start);
  };
}

function required(chunks: ReadonlyMap<string, ColumnChunk>, name: string): ColumnChunk {
  const chunk = chunks.get(name);
  if (chunk === undefined) throw damaged(`has no column ${name}`);
  return chunk;
}
