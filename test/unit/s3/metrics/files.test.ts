import fc from "fast-check";
import { parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import type { MetricRows } from "../../../../src/s3/metrics/metric-rows.ts";
import { readLatestOf, readRows } from "../../../../src/s3/metrics/read-file.ts";
import { groupSizes } from "../../../../src/s3/metrics/write-file.ts";
import type { LoggedValue } from "../../../support/metric-batches.ts";
import { fileOf, RUN_ID, sourceOf } from "../../../support/parquet-files.ts";

const wanted = { runId: RUN_ID };
const safeInteger = fc.oneof(
  fc.nat(100),
  fc.maxSafeInteger(),
  fc.constantFrom(-1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1 - 2 ** 53),
);
const loggedValue: fc.Arbitrary<LoggedValue> = fc.record(
  {
    key: fc.constantFrom("loss", "val/loss", "ü", "\u{1f600}", "\uffee", "a b"),
    value: fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, 0, 5e-324)),
    timestamp: fc.oneof(fc.nat(2_000_000_000_000), safeInteger),
    step: safeInteger,
    modelId: fc.constantFrom("m-1", "m-2"),
    dataset: fc.constantFrom({ name: "train", digest: "1" }, { name: "test", digest: "" }),
  },
  { requiredKeys: ["key", "value", "timestamp", "step"] },
);

/** In the order of a file. */
function sorted(values: readonly LoggedValue[]): LoggedValue[] {
  return [...values].sort(
    (a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || a.step - b.step || a.timestamp - b.timestamp,
  );
}

function listed({ series, columns }: MetricRows): LoggedValue[] {
  return Array.from({ length: columns.length }, (_, i) => {
    const { key, modelId, dataset } = series[columns.seriesIds[i] as number] as (typeof series)[number];
    const [value, timestamp, step] = [columns.values[i], columns.timestamps[i], columns.steps[i]] as number[];
    return {
      key,
      value: value as number,
      timestamp: timestamp as number,
      step: step as number,
      ...(modelId === undefined ? {} : { modelId }),
      ...(dataset === undefined ? {} : { dataset }),
    };
  });
}

describe("a file of metrics", () => {
  it.each([false, true])("gives back every bit of what was written (compacted: %s)", async (isCompacted) => {
    await fc.assert(
      fc.asyncProperty(fc.array(loggedValue, { minLength: 1, maxLength: 300 }), async (values) => {
        const bytes = await fileOf(values, isCompacted);
        expect(listed(await readRows(sourceOf(bytes), wanted))).toEqual(sorted(values));
        const key = values[0]?.key as string;
        const ofKey = sorted(values).filter((value) => value.key === key);
        expect(listed(await readRows(sourceOf(bytes), { ...wanted, key }))).toEqual(ofKey);
      }),
      { numRuns: 60 },
    );
  });

  it("is read alike by hyparquet", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(loggedValue, { minLength: 1, maxLength: 200 }), async (values) => {
        const bytes = await fileOf(values, true);
        const objects = await parquetReadObjects({ file: bytes.slice().buffer });
        const rows = objects.map(({ key, value, timestamp, step, model, dataset_name, dataset_digest }) => ({
          key,
          value,
          timestamp: Number(timestamp),
          step: Number(step),
          ...(model == null ? {} : { modelId: model }),
          ...(dataset_name == null ? {} : { dataset: { name: dataset_name, digest: dataset_digest } }),
        }));
        expect(rows).toEqual(sorted(values));
      }),
      { numRuns: 40 },
    );
  });

  it("may have no rows", async () => {
    const rows = await readRows(sourceOf(await fileOf([])), wanted);
    expect(rows.columns.length).toBe(0);
  });

  const large = (keys: number, each: number): LoggedValue[] =>
    Array.from({ length: keys * each }, (_, i) => ({
      key: `key-${i % keys}`,
      value: Math.sin(i),
      timestamp: 1_700_000_000_000 + i,
      step: Math.floor(i / keys),
    }));

  it("is read only where the wanted key is, and without the column that says which it is", async () => {
    const bytes = await fileOf(large(5, 40_000), true);
    const source = sourceOf(bytes);
    const rows = await readRows(source, { ...wanted, key: "key-3" });
    expect(rows.columns.length).toBe(40_000);
    expect(rows.columns.steps).toEqual(Float64Array.from({ length: 40_000 }, (_, i) => i));
    const [footer, ...data] = source.ranges;
    expect(footer).toEqual([bytes.length - 65_536, bytes.length]);
    const read = data.reduce((sum, [from, to]) => sum + to - from, 0);
    expect(read).toBeLessThan(bytes.length / 4);
    expect(await readRows(sourceOf(bytes), { ...wanted, key: "none" })).toMatchObject({ columns: { length: 0 } });
  });

  it("tells the latest values in its footer, so that nothing else is read", async () => {
    const values = [
      ...large(20, 10_000),
      { key: "nan", value: Number.NaN, timestamp: 1, step: 1 },
      { key: "zero", value: -0, timestamp: 1, step: -7, modelId: "m", dataset: { name: "d", digest: "x" } },
    ];
    const source = sourceOf(await fileOf(values, true));
    const latest = await readLatestOf(source, wanted);
    expect(source.ranges).toHaveLength(1);
    const inRows = await readLatestOf(sourceOf(await fileOf(values)), wanted);
    const byKey = (points: typeof latest) => [...points].sort((a, b) => (a.series.key < b.series.key ? -1 : 1));
    expect(byKey(latest)).toEqual(byKey(inRows));
    expect(latest).toContainEqual({ series: { key: "nan" }, value: Number.NaN, timestamp: 1, step: 1 });
    expect(latest.find(({ series }) => series.key === "zero")?.value).toBe(-0);
  });

  it("tells them in its rows where they are too many", async () => {
    const source = sourceOf(await fileOf(large(1_001, 2), true));
    expect(await readLatestOf(source, wanted)).toHaveLength(1_001);
  });

  it("is read at once where it is small", async () => {
    const bytes = await fileOf(large(3, 10_000));
    const source = sourceOf(bytes);
    expect((await readRows(source, { ...wanted, key: "key-1" })).columns.length).toBe(10_000);
    expect(source.ranges).toEqual([[0, bytes.length]]);
  });

  it.each([
    [[{ key: "a", from: 0, to: 3 }], [3]],
    [
      [
        { key: "a", from: 0, to: 8_192 },
        { key: "b", from: 8_192, to: 8_200 },
      ],
      [8_192, 8],
    ],
    [
      [
        { key: "a", from: 0, to: 8 },
        { key: "b", from: 8, to: 100_008 },
      ],
      [8, 50_000, 50_000],
    ],
    [
      [
        { key: "a", from: 0, to: 8_000 },
        { key: "b", from: 8_000, to: 9_000 },
        { key: "c", from: 9_000, to: 9_001 },
      ],
      [9_000, 1],
    ],
    [[], [1]],
  ])("has keys with many rows in groups of their own: %j", (runs, sizes) => {
    expect(groupSizes(runs)).toEqual(sizes);
  });
});
