// Metrics of a run in a bucket: appended, put together, read. Beside it what hyparquet-writer and hyparquet do with the same columns and files
// alone.
import { setImmediate as nextTurn } from "node:timers/promises";
import { parquetMetadataAsync, parquetRead } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";
import { count, realisticValues, report, variant } from "./support.mjs";

const [, , , , bundlePath, endpoint, knownRunId] = process.argv;
const { handOverIntervalMs, MetricQueue, RunMetrics, S3_SINK_LIMITS, S3Client, S3Opener } = await import(bundlePath);

const KEYS = 20;
const METRICS_A_SECOND = 10;
const HOUR_MS = 3_600_000;

const credentials = { accessKeyId: "testkey", secretAccessKey: "testsecret123" };
const client = new S3Opener({ endpoint, region: "us-east-1", credentials }).bucket("bench");

const runId = knownRunId ?? crypto.randomUUID().replaceAll("-", "");
const prefix = `store/runs/run=${runId}/`;
const open = (as = client) => new RunMetrics({ client: as, prefix, runId, writerId: "bench" });

/** A training of `keys` metrics a step: half of them float32 as TensorFlow.js has them, half of them means in float64. */
function training(length, keys, from = 0) {
  const values = realisticValues(length).map((noise, i) => {
    const value = Math.exp((-(from + i) / length) * 3) + noise / 100;
    return i % 2 === 0 ? Math.fround(value) : value;
  });
  return {
    columns: {
      length,
      seriesIds: Uint32Array.from({ length }, (_, i) => i % keys),
      values,
      timestamps: Float64Array.from({ length }, (_, i) => 1_700_000_000_000 + (from + i) * 7 + (i % 3)),
      steps: Float64Array.from({ length }, (_, i) => Math.floor((from + i) / keys)),
    },
    series: Array.from({ length: keys }, (_, i) => ({ key: `metric-${i}` })),
  };
}

const part = ({ seriesIds, values, timestamps, steps }, from, to) => ({
  length: to - from,
  seriesIds: seriesIds.subarray(from, to),
  values: values.subarray(from, to),
  timestamps: timestamps.subarray(from, to),
  steps: steps.subarray(from, to),
});

const CALL_VALUES = 131_072;

async function appendAll({ columns, series }, metrics) {
  for (let from = 0; from < columns.length; from += CALL_VALUES)
    await metrics.append(part(columns, from, Math.min(columns.length, from + CALL_VALUES)), series);
}

/** As a training does that gives the event loop a turn now and then. */
async function logAll({ columns, series }, metrics) {
  const sink = {
    limits: S3_SINK_LIMITS,
    write: async (batch) => {
      await metrics.append(batch.metrics, batch.series);
      return { status: "ok" };
    },
    close: () => {},
  };
  const queue = new MetricQueue({ sink, maxPendingEntries: columns.length });
  const ids = Uint32Array.from(series, (one) => queue.addSeries(one));
  const { length, seriesIds, values, timestamps, steps } = columns;
  for (let i = 0; i < length; i++) {
    queue.append(ids[seriesIds[i]], values[i], timestamps[i], steps[i], Date.now());
    if (i % 10_000 === 0) await nextTurn();
  }
  await queue.close();
}

async function storedBytes() {
  let bytes = 0;
  for await (const { objects } of client.list({ prefix })) for (const { sizeBytes } of objects) bytes += sizeBytes;
  return bytes;
}

/** What hyparquet-writer is given: the same columns, sorted by key, which it is not charged for. */
function sortedColumns({ columns, series }) {
  const order = Uint32Array.from({ length: columns.length }, (_, i) => i).sort(
    (a, b) => columns.seriesIds[a] - columns.seriesIds[b] || a - b,
  );
  const pick = (column) => Float64Array.from(order, (at) => column[at]);
  return [
    {
      name: "key",
      type: "STRING",
      nullable: false,
      encoding: "RLE_DICTIONARY",
      data: Array.from(order, (at) => series[columns.seriesIds[at]].key),
    },
    {
      name: "step",
      type: "INT64",
      nullable: false,
      encoding: "DELTA_BINARY_PACKED",
      data: Int32Array.from(pick(columns.steps)),
    },
    {
      name: "timestamp",
      type: "INT64",
      nullable: false,
      encoding: "DELTA_BINARY_PACKED",
      data: BigInt64Array.from(pick(columns.timestamps), BigInt),
    },
    {
      name: "value",
      type: "DOUBLE",
      nullable: false,
      encoding: "BYTE_STREAM_SPLIT",
      data: pick(columns.values),
    },
  ];
}

const seconds = async (work) => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1_000;
};

/** Code that is compiled in the first second would be charged to whoever comes first. */
async function warmUp() {
  const small = training(200_000, KEYS);
  parquetWriteBuffer({ columnData: sortedColumns(small) });
}

async function write(append) {
  const warm = training(200_000, KEYS);
  const before = new RunMetrics({ client, prefix: `store/runs/run=${runId}-warm/`, runId, writerId: "bench" });
  await append(warm, before);
  await before.compact();
  const data = training(count, KEYS);
  const metrics = open();
  const appended = await seconds(() => append(data, metrics));
  const compacted = appended + (await seconds(() => metrics.compact()));
  report({
    appendedPerSecond: count / appended,
    compactedPerSecond: count / compacted,
    bytesAValue: (await storedBytes()) / count,
  });
}

const variants = {
  async writer() {
    await warmUp();
    const columnData = sortedColumns(training(count, KEYS));
    const elapsed = await seconds(() => parquetWriteBuffer({ columnData }));
    report({ valuesPerSecond: count / elapsed });
  },
  tidemark: () => write(appendAll),
  throughQueue: () => write(logAll),

  /** An hour at ten metrics a second, on a clock of its own. */
  async hour() {
    let puts = 0;
    class Counting extends S3Client {
      async put(...args) {
        puts++;
        return await super.put(...args);
      }
      async putIf(...args) {
        puts++;
        return await super.putIf(...args);
      }
    }
    const metrics = open(new Counting(client.exchange));
    const data = training((HOUR_MS / 1_000) * METRICS_A_SECOND, METRICS_A_SECOND);
    for (let at = 0, now = 0; at < data.columns.length; ) {
      now = Math.min(HOUR_MS, now + handOverIntervalMs(now));
      const to = Math.round((now / 1_000) * METRICS_A_SECOND);
      await metrics.append(part(data.columns, at, to), data.series);
      at = to;
    }
    await metrics.compact();
    report({ puts });
  },

  /** Makes the run whose history is read. */
  async prepare() {
    const metrics = open();
    await appendAll(training(count, 1), metrics);
    await metrics.compact();
    report({ runId });
  },
  async history() {
    const metrics = open();
    // The first request loads what puts it on the wire, here as below.
    await metrics.lastWriteTime();
    let points = 0;
    const elapsed = await seconds(async () => {
      points = (await metrics.history("metric-0")).values.length;
    });
    if (points !== count) throw new Error(`${points} points came`);
    report({ pointsPerSecond: points / elapsed });
  },
  async hyparquet() {
    const { objects } = await client.listPage({ prefix: `${prefix}cmp/` });
    let points = 0;
    const elapsed = await seconds(async () => {
      for (const { key, sizeBytes } of objects) {
        const response = await client.open(key);
        const pieces = [];
        for await (const piece of response.body) pieces.push(piece);
        const bytes = Buffer.concat(pieces);
        const file = {
          byteLength: sizeBytes,
          slice: (from, to = sizeBytes) => bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + to),
        };
        const metadata = await parquetMetadataAsync(file);
        const columns = ["step", "timestamp", "value"];
        const onChunk = ({ columnName, columnData }) => {
          if (columnName === "value") points += columnData.length;
        };
        await parquetRead({ file, metadata, columns, onChunk });
      }
    });
    if (points !== count) throw new Error(`${points} points came`);
    report({ pointsPerSecond: points / elapsed });
  },
};

await variants[variant]();
