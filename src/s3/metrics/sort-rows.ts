import type { MetricColumns, Series } from "../../contract/batch.ts";
import type { KeyRun, MetricRows, RowColumns, SortedRows } from "./metric-rows.ts";

/** The rows by key, step, timestamp, and as they came. Keys are in the order of their UTF-8 bytes, as Parquet compares them. */
export function sortRows(rows: MetricRows): SortedRows {
  const { order, runs } = sortedOrder(rows);
  return { series: rows.series, columns: gather(rows.columns, order), runs };
}

/** The positions of rows in their order, and where in it each key is. */
function sortedOrder({ series, columns }: MetricRows): { order: Uint32Array; runs: KeyRun[] } {
  const { keys, keyOfSeries } = keysOf(series);
  const starts = new Uint32Array(keys.length + 1);
  const { length, seriesIds } = columns;
  for (let i = 0; i < length; i++) {
    const at = (keyOfSeries[seriesIds[i] as number] as number) + 1;
    starts[at] = (starts[at] as number) + 1;
  }
  for (let i = 1; i <= keys.length; i++) starts[i] = (starts[i] as number) + (starts[i - 1] as number);
  const order = new Uint32Array(length);
  const next = starts.slice(0, keys.length);
  for (let i = 0; i < length; i++) {
    const key = keyOfSeries[seriesIds[i] as number] as number;
    const at = next[key] as number;
    order[at] = i;
    next[key] = at + 1;
  }
  const runs: KeyRun[] = [];
  for (const [at, key] of keys.entries()) {
    const [from, to] = [starts[at] as number, starts[at + 1] as number];
    if (from === to) continue;
    orderByStep(order.subarray(from, to), columns);
    runs.push({ key, from, to });
  }
  return { order, runs };
}

/** The rows at these positions. */
export function gather({ seriesIds, values, timestamps, steps, parts }: RowColumns, order: Uint32Array): RowColumns {
  const ids = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) ids[i] = seriesIds[order[i] as number] as number;
  return {
    length: order.length,
    ...(parts === undefined ? {} : { parts: order.map((at) => parts[at] as number) }),
    seriesIds: ids,
    values: pick(values, order),
    timestamps: pick(timestamps, order),
    steps: pick(steps, order),
  };
}

function pick(numbers: Float64Array, order: Uint32Array): Float64Array {
  const picked = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) picked[i] = numbers[order[i] as number] as number;
  return picked;
}

/** Every key once, sorted, and for every series which one is its. */
export function keysOf(series: readonly Series[]): { keys: readonly string[]; keyOfSeries: Uint32Array } {
  const encoded = new Map(series.map(({ key }) => [key, Buffer.from(key)]));
  const keys = [...encoded.keys()].sort((a, b) => Buffer.compare(encoded.get(a) as Buffer, encoded.get(b) as Buffer));
  const positions = new Map(keys.map((key, at) => [key, at]));
  return { keys, keyOfSeries: Uint32Array.from(series, ({ key }) => positions.get(key) as number) };
}

/** Orders the rows of one key, and answers whether that took anything: trainings log in order, nearly always. */
export function orderByStep(order: Uint32Array, { steps, timestamps }: MetricColumns): boolean {
  let step = Number.NEGATIVE_INFINITY;
  let timestamp = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number;
    const nextStep = steps[row] as number;
    const nextTimestamp = timestamps[row] as number;
    if (nextStep < step || (nextStep === step && nextTimestamp < timestamp)) {
      order.sort(
        (a, b) =>
          (steps[a] as number) - (steps[b] as number) || (timestamps[a] as number) - (timestamps[b] as number) || a - b,
      );
      return true;
    }
    step = nextStep;
    timestamp = nextTimestamp;
  }
  return false;
}
