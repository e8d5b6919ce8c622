import type { S3RequestOptions } from "../object-requests.ts";
import { inParallel } from "../parallel.ts";
import { type LatestOfSeries, latestPoints } from "./latest-points.ts";
import { compactedPrefix, type ListedSegment, type MetricsPlace, type Snapshot } from "./live-files.ts";
import { cutsAfter, cutsOfPart, isDropped, partsOf, rowsOfPart, withoutCut } from "./log-parts.ts";
import type { CompactedFile, Cut, Manifest } from "./manifest.ts";
import type { MetricRows } from "./metric-rows.ts";
import { objectSource } from "./objects.ts";
import { type ByteSource, readLatestOf, readRows } from "./read-file.ts";

const PARALLEL_SEGMENTS = 8;
const PARALLEL_FILES = 2;

interface ReadFilesOptions extends S3RequestOptions {
  /** Only the rows of this key. Default: all. */
  readonly key?: string;
}

/** What counts of each compacted file, with the parts of the log where these are asked for or decide. */
export async function readCompacted(
  place: MetricsPlace,
  files: readonly CompactedFile[],
  manifest: Manifest,
  options: ReadFilesOptions & { readonly withParts?: boolean },
): Promise<MetricRows[]> {
  const { runId } = place;
  const { key, signal, withParts = false } = options;
  const tasks = files.map((file) => async (stop: AbortSignal) => {
    const cuts = cutsAfter(manifest, file);
    const wanted = { runId, key, withParts: withParts || cuts.length > 0, signal: stop };
    return withoutCut(await readRows(compactedSource(place, file), wanted), cuts);
  });
  return await inParallel(tasks, PARALLEL_FILES, signal);
}

/** What counts of each segment, with its part of the log. Of those that were dropped nothing is read. */
export async function readSegments(
  place: MetricsPlace,
  segments: readonly ListedSegment[],
  manifest: Manifest,
  { key, signal }: ReadFilesOptions,
): Promise<MetricRows[]> {
  const { runId } = place;
  const partOf = partsOf(manifest);
  const tasks = segments
    .filter((segment) => !isDropped(manifest, partOf(segment)))
    .map((segment) => async (stop: AbortSignal) => {
      const rows = await readRows(segmentSource(place, segment), { runId, key, signal: stop });
      return rowsOfPart(rows, partOf(segment), manifest);
    });
  return await inParallel(tasks, PARALLEL_SEGMENTS, signal);
}

/** The latest value of every series, file by file. */
export async function readLatestOfAll(
  place: MetricsPlace,
  { manifest, live }: Snapshot,
  { signal }: S3RequestOptions,
): Promise<LatestOfSeries[]> {
  const { runId } = place;
  const partOf = partsOf(manifest);
  const ofFile =
    (source: ByteSource, cuts: readonly Cut[], rows: (stop: AbortSignal) => Promise<MetricRows[]>) =>
    async (stop: AbortSignal) => {
      // What a footer says is older than the cut.
      if (cuts.length > 0) return (await rows(stop)).flatMap(latestPoints);
      return await readLatestOf(source, { runId, signal: stop });
    };
  const tasks = [
    ...manifest.objs.map((file) =>
      ofFile(compactedSource(place, file), cutsAfter(manifest, file), (stop) =>
        readCompacted(place, [file], manifest, { signal: stop }),
      ),
    ),
    ...live.map((segment) =>
      ofFile(segmentSource(place, segment), cutsOfPart(manifest, partOf(segment)), (stop) =>
        readSegments(place, [segment], manifest, { signal: stop }),
      ),
    ),
  ];
  return (await inParallel(tasks, PARALLEL_SEGMENTS, signal)).flat();
}

const segmentSource = ({ client }: MetricsPlace, { object }: ListedSegment): ByteSource =>
  objectSource(client, object.key, object.sizeBytes);

const compactedSource = ({ client, prefix }: MetricsPlace, { name, bytes }: CompactedFile): ByteSource =>
  objectSource(client, compactedPrefix(prefix) + name, bytes);
