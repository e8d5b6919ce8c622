import type { S3Client } from "../client.ts";
import type { ListedObject } from "../list-page.ts";
import type { S3RequestOptions } from "../object-requests.ts";
import { type Manifest, readManifest, type StoredManifest } from "./manifest.ts";
import { parseSegmentName, type SegmentName } from "./segment-name.ts";

/** Where the metrics of one run are. */
export interface MetricsPlace {
  readonly client: S3Client;
  /** The key of the run's directory, with its slash. */
  readonly prefix: string;
  readonly runId: string;
}

/** A segment that a list has shown. */
export interface ListedSegment extends SegmentName {
  readonly object: ListedObject;
}

/** What was there at one moment. */
export interface Snapshot extends StoredManifest {
  /** Not in any compacted file yet, in each writer's own order. */
  readonly live: readonly ListedSegment[];
  /** In a compacted file already, or too late to count. */
  readonly stale: readonly ListedSegment[];
}

export const manifestKey = (prefix: string): string => `${prefix}metrics.json`;
export const segmentsPrefix = (prefix: string): string => `${prefix}seg/`;
export const compactedPrefix = (prefix: string): string => `${prefix}cmp/`;

/**
 * Lists the segments, and only then reads the manifest: a segment that is deleted in between is in the files that the manifest names. The other
 * order would miss it in both.
 */
export async function takeSnapshot({ client, prefix }: MetricsPlace, options: S3RequestOptions): Promise<Snapshot> {
  const listed = await listSegments(client, prefix, options);
  const stored = await readManifest(client, manifestKey(prefix), options);
  const isStale = (segment: ListedSegment) => segment.sequence <= highWaterMark(stored.manifest, segment.writer);
  return { ...stored, live: listed.filter((segment) => !isStale(segment)), stale: listed.filter(isStale) };
}

/** Up to which number a writer's segments are in the compacted files. */
export const highWaterMark = ({ hwm }: Manifest, writer: string): number => hwm[writer] ?? 0;

export async function listSegments(
  client: S3Client,
  prefix: string,
  options: S3RequestOptions,
): Promise<ListedSegment[]> {
  const below = segmentsPrefix(prefix);
  const segments: ListedSegment[] = [];
  for await (const { objects } of client.list({ ...options, prefix: below })) {
    for (const object of objects) {
      const name = object.key.startsWith(below) ? parseSegmentName(object.key.slice(below.length)) : undefined;
      if (name !== undefined) segments.push({ ...name, object });
    }
  }
  return segments;
}
