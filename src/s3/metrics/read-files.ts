import type { S3RequestOptions } from "../object-requests.ts";
import { inParallel } from "../parallel.ts";
import { compactedPrefix, type ListedSegment, type MetricsPlace } from "./live-files.ts";
import type { CompactedFile } from "./manifest.ts";
import type { MetricRows } from "./metric-rows.ts";
import { objectSource } from "./objects.ts";
import { type ByteSource, readRows } from "./read-file.ts";

const PARALLEL_SEGMENTS = 8;
const PARALLEL_FILES = 2;

interface ReadFilesOptions extends S3RequestOptions {
  /** Only the rows of this key. Default: all. */
  readonly key?: string;
}

/** The rows of each segment. */
export async function readSegments(
  place: MetricsPlace,
  segments: readonly ListedSegment[],
  options: ReadFilesOptions,
): Promise<MetricRows[]> {
  return await readEach(
    segments.map((segment) => segmentSource(place, segment)),
    PARALLEL_SEGMENTS,
    place,
    options,
  );
}

/** The rows of each compacted file. */
export async function readCompacted(
  place: MetricsPlace,
  files: readonly CompactedFile[],
  options: ReadFilesOptions,
): Promise<MetricRows[]> {
  return await readEach(
    files.map((file) => compactedSource(place, file)),
    PARALLEL_FILES,
    place,
    options,
  );
}

async function readEach(
  sources: readonly ByteSource[],
  concurrency: number,
  { runId }: MetricsPlace,
  { key, signal }: ReadFilesOptions,
): Promise<MetricRows[]> {
  if (sources.length === 0) return [];
  const tasks = sources.map((source) => (stop: AbortSignal) => readRows(source, { runId, key, signal: stop }));
  return await inParallel(tasks, concurrency, signal);
}

export const segmentSource = ({ client }: MetricsPlace, { object }: ListedSegment): ByteSource =>
  objectSource(client, object.key, object.sizeBytes);

export const compactedSource = ({ client, prefix }: MetricsPlace, { name, bytes }: CompactedFile): ByteSource =>
  objectSource(client, compactedPrefix(prefix) + name, bytes);
