import { setTimeout as sleep } from "node:timers/promises";
import { TidemarkError } from "../../base/errors.ts";
import { ownRandom } from "../../base/random.ts";
import type { S3RequestOptions } from "../object-requests.ts";
import { isMissingObject } from "../s3-error.ts";
import { deleteRubbish } from "./delete-keys.ts";
import {
  compactedPrefix,
  highWaterMark,
  type ListedSegment,
  listSegments,
  type MetricsPlace,
  manifestKey,
  type Snapshot,
  takeSnapshot,
} from "./live-files.ts";
import { cutsAfter, partsOf, settledParts } from "./log-parts.ts";
import { type CompactedFile, compactedName, type Manifest, replaceManifest, revisionOf } from "./manifest.ts";
import { mergeRows } from "./merge-rows.ts";
import type { SortedRows } from "./metric-rows.ts";
import { filesMissing } from "./objects.ts";
import { readCompacted, readSegments } from "./read-files.ts";
import { writeFile } from "./write-file.ts";

/** Rows that are put together in memory, at about a hundred bytes each while it lasts. */
const MOST_ROWS = 1 << 20;
/** A file of so few is always put together with what is new. */
const FEW_ROWS = 1 << 18;
/** Compactors that meet each other: one of them gets on every time. */
const MOST_TRIES = 20;
const LONGEST_PAUSE_MS = 100;

/**
 * Puts the segments of a run, and small compacted files, into one compacted file, then lists it in the manifest, and then deletes what is in
 * it. It may stop at any point, and many may do it at once: what the manifest does not list does not count, and what it lists is complete.
 *
 * @throws {TidemarkError} S3's; `DATA_DAMAGED`; `NOT_IMPLEMENTED` where Parquet cannot be written
 */
export async function compactMetrics(place: MetricsPlace, options: S3RequestOptions = {}): Promise<void> {
  for (let tries = 1; ; ) {
    let missing: unknown;
    const outcome = await compactOnce(place, options).catch((error: unknown) => {
      if (!isMissingObject(error)) throw error;
      // Another compactor has deleted it meanwhile.
      missing = error;
      return "lost" as const;
    });
    if (outcome === "done") return;
    if (outcome === "more") continue;
    if (tries++ === MOST_TRIES) {
      if (missing !== undefined) throw filesMissing(place, missing);
      // Others get on with it all the time.
      return;
    }
    await pause(options);
  }
}

async function pause({ signal }: S3RequestOptions): Promise<void> {
  await sleep(ownRandom() * LONGEST_PAUSE_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {
    throw new TidemarkError("CANCELLED", "the compaction was cancelled", { cause: signal?.reason });
  });
}

async function compactOnce(place: MetricsPlace, options: S3RequestOptions): Promise<"done" | "more" | "lost"> {
  const { client, prefix } = place;
  const leftOver = await listCompacted(place, options);
  const snapshot = await takeSnapshot(place, options);
  const { manifest } = snapshot;
  await deleteRubbish(
    client,
    leftOver.filter(isForgotten(manifest)).map((name) => compactedPrefix(prefix) + name),
    options,
  );
  const segments = await chooseSegments(place, snapshot, options);
  const isCut = (file: CompactedFile) => cutsAfter(manifest, file).length > 0;
  const files = filesToRewrite(manifest.objs, segments, isCut);
  if (segments.length === 0 && files.length < 2 && !files.some(isCut)) {
    await deleteRubbish(client, snapshot.stale.map(keyOf), options);
    return "done";
  }
  const rows = mergeRows([
    ...(await readCompacted(place, files, manifest, { ...options, withParts: true })),
    ...(await readSegments(place, segments, manifest, options)),
  ]);
  const written = await writeCompacted(place, rows, manifest.rev + 1, options);
  const at = manifest.objs.indexOf(files[0] as CompactedFile);
  const objs = manifest.objs.toSpliced(at < 0 ? manifest.objs.length : at, files.length, ...written);
  const hwm = raised(manifest, segments);
  const next = { hwm, objs, ...newestOf(manifest, segments), ...settledParts(manifest, { hwm, objs }) };
  const replaced = await replaceManifest(client, manifestKey(prefix), snapshot, next, options);
  // The next try finds the file, and deletes it: its time is over.
  if (replaced === undefined) return "lost";
  const old = files.map((file) => compactedPrefix(prefix) + file.name);
  await deleteRubbish(client, [...[...segments, ...snapshot.stale].map(keyOf), ...old], options);
  return segments.length < snapshot.live.length || objs.some((file) => cutsAfter(next, file).length > 0)
    ? "more"
    : "done";
}

/** Where nothing is left of it, there is no file. */
async function writeCompacted(
  { client, prefix, runId }: MetricsPlace,
  rows: SortedRows,
  rev: number,
  options: S3RequestOptions,
): Promise<CompactedFile[]> {
  if (rows.columns.length === 0) return [];
  const bytes = await writeFile(rows, { runId, isCompacted: true });
  const name = compactedName(rev);
  const headers = { "content-type": PARQUET_TYPE };
  await client.put(compactedPrefix(prefix) + name, bytes, { ...options, headers });
  return [{ name, rows: rows.columns.length, bytes: bytes.length }];
}

export const PARQUET_TYPE = "application/vnd.apache.parquet";

const keyOf = ({ object }: ListedSegment): string => object.key;

async function listCompacted({ client, prefix }: MetricsPlace, options: S3RequestOptions): Promise<string[]> {
  const below = compactedPrefix(prefix);
  const names: string[] = [];
  for await (const { objects } of client.list({ ...options, prefix: below }))
    names.push(...objects.map(({ key }) => key.slice(below.length)));
  return names;
}

/** Whether no manifest will ever list a compacted file: its time has come and gone. */
const isForgotten = (manifest: Manifest) => {
  const listed = new Set(manifest.objs.map(({ name }) => name));
  return (name: string): boolean => {
    const rev = revisionOf(name);
    return rev !== undefined && rev <= manifest.rev && !listed.has(name);
  };
};

/**
 * The segments to put together: of each writer without a gap, and no more than fit into memory. A list that is made while a writer goes on
 * may show its newest segment and not the one before; what the mark is raised beyond would be lost. A gap that a second list shows too is one:
 * that segment was never written.
 */
async function chooseSegments(
  { client, prefix }: MetricsPlace,
  { live, manifest }: Snapshot,
  options: S3RequestOptions,
): Promise<ListedSegment[]> {
  // Of two equal rows the earlier one stays: it may be before a mark.
  const partOf = partsOf(manifest);
  const byPart = (a: ListedSegment, b: ListedSegment) => partOf(a) - partOf(b) || bySequence(a, b);
  let segments = [...live].sort(byPart);
  if (hasGap(segments, manifest)) {
    const newest = new Map(segments.map(({ writer, sequence }) => [writer, sequence]));
    const again = await listSegments(client, prefix, options);
    const isKnown = ({ writer, sequence }: ListedSegment) =>
      sequence > highWaterMark(manifest, writer) && sequence <= (newest.get(writer) ?? 0);
    segments = again.filter(isKnown).sort(byPart);
  }
  let rows = 0;
  const fitting = segments.findIndex(({ rowCount }) => {
    rows += rowCount;
    return rows > MOST_ROWS;
  });
  return fitting < 0 ? segments : segments.slice(0, Math.max(1, fitting));
}

const bySequence = (a: ListedSegment, b: ListedSegment): number =>
  a.sequence - b.sequence || (a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : 0);

function hasGap(segments: readonly ListedSegment[], manifest: Manifest): boolean {
  const last = new Map<string, number>();
  return segments.some(({ writer, sequence }) => {
    const before = last.get(writer) ?? highWaterMark(manifest, writer);
    last.set(writer, sequence);
    return sequence !== before + 1;
  });
}

/** The files that new rows are put to; where there are none of both, one that holds rows which count no more. */
function filesToRewrite(
  files: readonly CompactedFile[],
  segments: readonly ListedSegment[],
  isCut: (file: CompactedFile) => boolean,
): CompactedFile[] {
  const chosen = chooseFiles(files, segments);
  if (segments.length > 0 || chosen.length > 1) return chosen;
  const cut = files.find(isCut);
  return cut === undefined ? chosen : [cut];
}

/** The newest compacted files, as long as they are not much larger than what is put to them: so a row is rewritten a few times only. */
export function chooseFiles(
  files: readonly CompactedFile[],
  segments: readonly Pick<ListedSegment, "rowCount">[],
): CompactedFile[] {
  let rows = segments.reduce((sum, { rowCount }) => sum + rowCount, 0);
  let from = files.length;
  for (; from > 0; from--) {
    const { rows: inFile } = files[from - 1] as CompactedFile;
    const isWorthIt = inFile <= 2 * rows || rows + inFile <= FEW_ROWS;
    if (!isWorthIt || rows + inFile > MOST_ROWS) break;
    rows += inFile;
  }
  return files.slice(from);
}

function raised(manifest: Manifest, segments: readonly ListedSegment[]): Manifest["hwm"] {
  const hwm: Manifest["hwm"] = Object.assign(Object.create(null), manifest.hwm);
  for (const { writer, sequence } of segments) hwm[writer] = Math.max(hwm[writer] ?? 0, sequence);
  return hwm;
}

function newestOf({ lastWrite }: Manifest, segments: readonly ListedSegment[]): Pick<Manifest, "lastWrite"> {
  const times = [lastWrite, ...segments.map(({ object }) => object.lastModified.getTime())];
  const known = times.filter((time): time is number => time !== undefined && !Number.isNaN(time));
  return known.length === 0 ? {} : { lastWrite: known.reduce((a, b) => Math.max(a, b)) };
}
