import type { MetricColumns, Series } from "../../contract/batch.ts";
import {
  type KeyRun,
  type MetricRows,
  newColumns,
  type SortedRows,
  seriesIdentity,
  sliceColumns,
} from "./metric-rows.ts";
import { gather, keysOf, orderByStep } from "./sort-rows.ts";

/**
 * One set of rows out of several files, oldest first.
 *
 * A writer that lost an answer, or its process, may have sent the same rows twice, in files that begin and end elsewhere. What is the same in
 * all of its columns is there as often as in the file that has it most often, as in MLflow's own stores, where such a row is one.
 */
export function mergeRows(files: readonly MetricRows[]): SortedRows {
  const { series, columns, runs, pieces } = joinedByKey(files);
  const order = new Uint32Array(columns.length);
  for (let row = 0; row < order.length; row++) order[row] = row;
  let isMoved = false;
  for (const { from, to } of runs) isMoved = orderByStep(order.subarray(from, to), columns) || isMoved;
  const kept = files.length > 1 ? withoutRepeats(order, runs, columns, pieces) : { order, runs };
  if (!isMoved && kept.order === order) return { series, columns, runs };
  return { series, columns: gather(columns, kept.order), runs: kept.runs };
}

/** Rows of one key that stand together in a file, and where they are among all. */
interface Piece {
  readonly file: number;
  readonly start: number;
}

/** Files have their rows by key already: what stands together is copied together. */
function joinedByKey(files: readonly MetricRows[]): SortedRows & { readonly pieces: readonly Piece[] } {
  const { series, idsOf } = unionOf(files);
  const { keys, keyOfSeries } = keysOf(series);
  const ofKeys: { readonly file: number; readonly from: number; readonly to: number }[][] = keys.map(() => []);
  for (const [file, { columns }] of files.entries()) {
    const keyOf = (idsOf[file] as Uint32Array).map((id) => keyOfSeries[id] as number);
    const { length, seriesIds } = columns;
    for (let from = 0, to = 0; from < length; from = to) {
      const key = keyOf[seriesIds[from] as number] as number;
      do to++;
      while (to < length && keyOf[seriesIds[to] as number] === key);
      ofKeys[key]?.push({ file, from, to });
    }
  }
  const columns = newColumns(
    files.reduce((sum, { columns }) => sum + columns.length, 0),
    files.some(({ columns: { parts } }) => parts !== undefined),
  );
  const runs: KeyRun[] = [];
  const pieces: Piece[] = [];
  let at = 0;
  for (const [key, parts] of ofKeys.entries()) {
    const start = at;
    for (const { file, from, to } of parts) {
      const part = sliceColumns((files[file] as MetricRows).columns, from, to);
      const ids = idsOf[file] as Uint32Array;
      for (let i = 0; i < part.length; i++) columns.seriesIds[at + i] = ids[part.seriesIds[i] as number] as number;
      columns.values.set(part.values, at);
      columns.timestamps.set(part.timestamps, at);
      columns.steps.set(part.steps, at);
      if (part.parts !== undefined) columns.parts?.set(part.parts, at);
      pieces.push({ file, start: at });
      at += part.length;
    }
    if (at > start) runs.push({ key: keys[key] as string, from: start, to: at });
  }
  return { series, columns, runs, pieces };
}

/** All series of the files, each once, and what each file's numbers of them are now. */
function unionOf(files: readonly MetricRows[]): { series: Series[]; idsOf: Uint32Array[] } {
  const known = new Map<string, number>();
  const series: Series[] = [];
  const idsOf = files.map((file) =>
    Uint32Array.from(file.series, (one) => {
      const identity = seriesIdentity(one);
      const id = known.get(identity) ?? series.push(one) - 1;
      known.set(identity, id);
      return id;
    }),
  );
  return { series, idsOf };
}

interface Order {
  readonly order: Uint32Array;
  readonly runs: readonly KeyRun[];
}

function withoutRepeats(
  order: Uint32Array,
  runs: readonly KeyRun[],
  columns: MetricColumns,
  pieces: readonly Piece[],
): Order {
  const { steps, timestamps } = columns;
  const isDropped = new Uint8Array(order.length);
  let dropped = 0;
  for (const { from, to } of runs) {
    for (let begin = from, end = from; begin < to; begin = end) {
      const first = order[begin] as number;
      const step = steps[first];
      const timestamp = timestamps[first];
      do end++;
      while (end < to && steps[order[end] as number] === step && timestamps[order[end] as number] === timestamp);
      if (end - begin > 1)
        dropped += dropRepeats(order.subarray(begin, end), isDropped.subarray(begin, end), columns, pieces);
    }
  }
  if (dropped === 0) return { order, runs };
  const kept = order.filter((_, at) => isDropped[at] === 0);
  const keptRuns: KeyRun[] = [];
  let begin = 0;
  for (const { key, from, to } of runs) {
    const end = begin + isDropped.subarray(from, to).reduce((count, mark) => count + 1 - mark, 0);
    keptRuns.push({ key, from: begin, to: end });
    begin = end;
  }
  return { order: kept, runs: keptRuns };
}

/** Rows of one key, step and timestamp, in the order of their files. Marks what an earlier file has as often; answers how many. */
function dropRepeats(
  rows: Uint32Array,
  isDropped: Uint8Array,
  { seriesIds, values }: MetricColumns,
  pieces: readonly Piece[],
): number {
  let dropped = 0;
  /** By series and value: how many are kept of files before the current, and how many the current has so far. */
  const counts = new Map<string, { kept: number; file: number; inFile: number }>();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const value = values[row] as number;
    const file = fileOf(row, pieces);
    // A text tells all numbers apart but the two zeros.
    const identity = `${seriesIds[row]}:${Object.is(value, -0) ? "-0" : value}`;
    const count = counts.get(identity) ?? { kept: 0, file, inFile: 0 };
    if (count.file !== file) Object.assign(count, { file, inFile: 0 });
    count.inFile++;
    if (count.inFile > count.kept) count.kept++;
    else {
      isDropped[i] = 1;
      dropped++;
    }
    counts.set(identity, count);
  }
  return dropped;
}

function fileOf(row: number, pieces: readonly Piece[]): number {
  let [low, high] = [0, pieces.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((pieces[middle] as Piece).start <= row) low = middle;
    else high = middle;
  }
  return (pieces[low] as Piece).file;
}
