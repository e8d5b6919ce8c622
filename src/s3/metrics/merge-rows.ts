import type { MetricColumns, Series } from "../../contract/batch.ts";
import { joinColumns, type KeyRun, type MetricRows, type SortedRows, seriesIdentity } from "./metric-rows.ts";
import { gather, sortedOrder } from "./sort-rows.ts";

/**
 * One set of rows out of several files, oldest first.
 *
 * A writer that lost an answer, or its process, may have sent the same rows twice, in files that begin and end elsewhere. What is the same in
 * all of its columns is there as often as in the file that has it most often, as in MLflow's own stores, where such a row is one.
 */
export function mergeRows(files: readonly MetricRows[]): SortedRows {
  const { rows, starts } = concatenated(files);
  const { order, runs } = sortedOrder(rows);
  const { columns, series } = rows;
  const kept = files.length > 1 ? withoutRepeats(order, runs, columns, starts) : { order, runs };
  return { series, columns: gather(columns, kept.order), runs: kept.runs };
}

function concatenated(files: readonly MetricRows[]): { rows: MetricRows; starts: readonly number[] } {
  const ids = new Map<string, number>();
  const series: Series[] = [];
  const starts: number[] = [];
  let at = 0;
  const parts = files.map((file) => {
    starts.push(at);
    at += file.columns.length;
    const mapped = Uint32Array.from(file.series, (one) => {
      const identity = seriesIdentity(one);
      const id = ids.get(identity) ?? series.push(one) - 1;
      ids.set(identity, id);
      return id;
    });
    const { length, seriesIds } = file.columns;
    return { ...file.columns, seriesIds: seriesIds.subarray(0, length).map((id) => mapped[id] as number) };
  });
  return { rows: { series, columns: joinColumns(parts) }, starts };
}

interface Order {
  readonly order: Uint32Array;
  readonly runs: readonly KeyRun[];
}

function withoutRepeats(
  order: Uint32Array,
  runs: readonly KeyRun[],
  columns: MetricColumns,
  starts: readonly number[],
): Order {
  const { steps, timestamps } = columns;
  const isDropped = new Uint8Array(order.length);
  let dropped = 0;
  for (const { from, to } of runs) {
    for (let begin = from, end = from; begin < to; begin = end) {
      const first = order[begin] as number;
      const [step, timestamp] = [steps[first], timestamps[first]];
      do end++;
      while (end < to && steps[order[end] as number] === step && timestamps[order[end] as number] === timestamp);
      if (end - begin > 1)
        dropped += dropRepeats(order.subarray(begin, end), isDropped.subarray(begin, end), columns, starts);
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
  starts: readonly number[],
): number {
  let dropped = 0;
  /** By series and value: how many are kept of files before the current, and how many the current has so far. */
  const counts = new Map<string, { kept: number; file: number; inFile: number }>();
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    const value = values[row] as number;
    const file = fileOf(row, starts);
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

function fileOf(row: number, starts: readonly number[]): number {
  let [low, high] = [0, starts.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= row) low = middle;
    else high = middle;
  }
  return low;
}
