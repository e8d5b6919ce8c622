import { noSuchMark } from "../../base/store-errors.ts";
import type { Mark } from "../../contract/batch.ts";
import type { RewindTarget, RunMark } from "../../contract/tracking-store.ts";
import type { ListedSegment } from "./live-files.ts";
import { type CompactedFile, type Cut, type Manifest, type ManifestChange, revisionOf } from "./manifest.ts";
import { type MetricRows, withPart } from "./metric-rows.ts";
import type { SegmentName } from "./segment-name.ts";
import { gather } from "./sort-rows.ts";

// The log of a run is in parts, numbered from 0: a mark ends one, and so does a rewind. A segment's part follows from its number; a row of a
// compacted file has it in a column. So a mark is a number, however many metrics there are, and a rewind drops some parts.

/** So many marks and rewinds are known again by their name when they come a second time. */
const MOST_IDS = 64;

/** In which part a segment is. */
export function partsOf({ part = 0, ends = [] }: Manifest): (segment: SegmentName) => number {
  const known = ends.map((end) => ({ part: end.part, last: new Map(end.at) }));
  return ({ writer, sequence }) => known.find(({ last }) => sequence <= (last.get(writer) ?? 0))?.part ?? part;
}

/** The cuts that were made after a file was written. */
export const cutsAfter = (
  { cuts = [] }: Pick<Manifest, "cuts">,
  { name }: Pick<CompactedFile, "name">,
): readonly Cut[] => (cuts.length === 0 ? cuts : cuts.filter(({ rev }) => rev > (revisionOf(name) ?? 0)));

const holds = ({ from, to }: Cut, part: number): boolean => from <= part && part <= to;

/** Whether nothing of a part counts any more. */
export const isDropped = ({ cuts = [] }: Manifest, part: number): boolean =>
  cuts.some((cut) => cut.steps === undefined && holds(cut, part));

/** The cuts by which some rows of a part count no more. */
export const cutsOfPart = ({ cuts = [] }: Manifest, part: number): readonly Cut[] =>
  cuts.filter((cut) => holds(cut, part));

/** The rows that still count. */
export function withoutCut(rows: MetricRows, cuts: readonly Cut[]): MetricRows {
  if (cuts.length === 0) return rows;
  const { series, columns } = rows;
  const { length, seriesIds, steps, parts } = columns;
  const limits = cuts.map((cut) => {
    const ofKeys = cut.steps === undefined ? undefined : new Map(cut.steps);
    // A row stays where its step is below.
    const below = series.map(({ key }) =>
      ofKeys === undefined ? Number.NEGATIVE_INFINITY : (ofKeys.get(key) ?? Number.POSITIVE_INFINITY),
    );
    return { cut, below };
  });
  const kept = new Uint32Array(length);
  let count = 0;
  for (let row = 0; row < length; row++) {
    const part = parts?.[row] ?? 0;
    const id = seriesIds[row] as number;
    const isCut = limits.some(({ cut, below }) => holds(cut, part) && (steps[row] as number) >= (below[id] as number));
    if (!isCut) kept[count++] = row;
  }
  return count === length ? rows : { series, columns: gather(columns, kept.subarray(0, count)) };
}

/** The rows of a segment that still count, with their part. */
export const rowsOfPart = (rows: MetricRows, part: number, manifest: Manifest): MetricRows =>
  withoutCut(withPart(rows, part), cutsOfPart(manifest, part));

/** The marks, oldest first. */
export const listedMarks = ({ marks = [] }: Manifest): RunMark[] => marks.map(({ name, time }) => ({ name, time }));

/** A mark behind all that there is; `undefined` where it has come before. */
export function marked(
  manifest: Manifest,
  live: readonly ListedSegment[],
  { name, id, time }: Mark,
): ManifestChange | undefined {
  const { ids = [], marks = [], part = 0 } = manifest;
  if (ids.includes(id)) return undefined;
  const others = marks.filter((mark) => mark.name !== name);
  return { ...endOfPart(manifest, live, id), marks: [...others, { name, time, part }] };
}

/**
 * Drops what is behind a mark, or from steps on.
 *
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` for a missing mark
 */
export function rewound(
  manifest: Manifest,
  live: readonly ListedSegment[],
  to: RewindTarget,
  { id, runId }: { readonly id: string; readonly runId: string },
): ManifestChange {
  const { rev, part = 0, marks = [], cuts = [], rewinds = 0 } = manifest;
  const next = { ...endOfPart(manifest, live, id), rewinds: rewinds + 1 };
  if ("steps" in to) {
    return { ...next, cuts: [...cuts, { rev: rev + 1, from: 0, to: part, steps: [...to.steps] }] };
  }
  const mark = marks.find(({ name }) => name === to.mark);
  if (mark === undefined) {
    throw noSuchMark(
      runId,
      to.mark,
      marks.map(({ name }) => name),
    );
  }
  return {
    ...next,
    marks: marks.filter((each) => each.part <= mark.part),
    cuts: [...cuts, { rev: rev + 1, from: mark.part + 1, to: part }],
  };
}

/** What is left to know of parts when segments up to these numbers are in these compacted files. */
export function settledParts(
  { part, ends = [], marks, cuts = [], rewinds, ids }: Manifest,
  { hwm, objs }: Pick<Manifest, "hwm" | "objs">,
): Pick<ManifestChange, "part" | "ends" | "marks" | "cuts" | "rewinds" | "ids"> {
  if (part === undefined) return {};
  const openEnds = ends.flatMap((end) => {
    const at = end.at.filter(([writer, sequence]) => sequence > (hwm[writer] ?? 0));
    return at.length === 0 ? [] : { part: end.part, at };
  });
  const isOpen = ({ rev, to }: Cut) =>
    objs.some(({ name }) => (revisionOf(name) ?? 0) < rev) || openEnds.some((end) => end.part <= to);
  return {
    part,
    ends: openEnds,
    ...(marks === undefined ? {} : { marks }),
    cuts: cuts.filter(isOpen),
    ...(rewinds === undefined ? {} : { rewinds }),
    ...(ids === undefined ? {} : { ids }),
  };
}

/** All that is listed is in the part that ends, all that comes later in the next one. */
function endOfPart(manifest: Manifest, live: readonly ListedSegment[], id: string): ManifestChange {
  const { format: _format, rev: _rev, op: _op, part = 0, ends = [], ids = [], ...rest } = manifest;
  const newest = new Map<string, number>();
  for (const { writer, sequence } of live) newest.set(writer, Math.max(sequence, newest.get(writer) ?? 0));
  return {
    ...rest,
    part: part + 1,
    ends: newest.size === 0 ? ends : [...ends, { part, at: [...newest] }],
    ids: [...ids, id].slice(-MOST_IDS),
  };
}
