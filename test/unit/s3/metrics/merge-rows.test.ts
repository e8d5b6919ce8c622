import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeRows } from "../../../../src/s3/metrics/merge-rows.ts";
import type { MetricRows } from "../../../../src/s3/metrics/metric-rows.ts";
import { batchOf, type LoggedValue } from "../../../support/metric-batches.ts";

const value = (step: number, value = 0.5, key = "loss"): LoggedValue => ({ key, value, step, timestamp: 1_000 + step });
const fileOf = (...values: LoggedValue[]): MetricRows => {
  const [columns, series] = batchOf(values);
  return { columns, series };
};
const valuesOf = ({ series, columns }: MetricRows): string[] =>
  Array.from({ length: columns.length }, (_, i) => {
    const { key, modelId } = series[columns.seriesIds[i] as number] as { key: string; modelId?: string };
    return [
      key,
      modelId,
      columns.steps[i],
      columns.timestamps[i],
      Object.is(columns.values[i], -0) ? "-0" : columns.values[i],
    ].join();
  });
const merged = (...files: MetricRows[]) => valuesOf(mergeRows(files));

describe("rows of several files", () => {
  it("are in order of key, step and timestamp, and then of their files", () => {
    const late = { ...value(1, 0.1), timestamp: 9_999 };
    const rows = mergeRows([
      fileOf(value(2), late, value(1, 0.2, "b")),
      fileOf(value(1, 0.3), value(1, 0.1, "a"), value(1, 0.4)),
    ]);
    expect(valuesOf(rows)).toEqual([
      "a,,1,1001,0.1",
      "b,,1,1001,0.2",
      "loss,,1,1001,0.3",
      "loss,,1,1001,0.4",
      "loss,,1,9999,0.1",
      "loss,,2,1002,0.5",
    ]);
    expect(rows.runs).toEqual([
      { key: "a", from: 0, to: 1 },
      { key: "b", from: 1, to: 2 },
      { key: "loss", from: 2, to: 6 },
    ]);
  });

  it("that were sent twice are there once", () => {
    expect(merged(fileOf(value(1), value(2)), fileOf(value(2), value(3)), fileOf(value(2)))).toEqual(
      merged(fileOf(value(1), value(2), value(3))),
    );
  });

  it("that were logged twice are there twice", () => {
    expect(merged(fileOf(value(1), value(1)))).toHaveLength(2);
    expect(merged(fileOf(value(1), value(1)), fileOf(value(1)))).toHaveLength(2);
    expect(merged(fileOf(value(1)), fileOf(value(1), value(1)))).toHaveLength(2);
  });

  it("differ by value, zeros by their sign, by model and by dataset", () => {
    const values = [
      value(1, 0),
      value(1, -0),
      value(1, Number.NaN),
      { ...value(1, 0), modelId: "m" },
      { ...value(1, 0), dataset: { name: "d", digest: "1" } },
    ];
    expect(merged(...values.map((one) => fileOf(one)))).toHaveLength(5);
    expect(merged(...values.map((one) => fileOf(one)), ...values.map((one) => fileOf(one)))).toHaveLength(5);
  });

  it("are the same however often they are put together, and in which parts", () => {
    const logged = fc.record({
      key: fc.constantFrom("a", "b"),
      step: fc.nat(3),
      timestamp: fc.constantFrom(1, 2),
      value: fc.constantFrom(0, -0, 1, Number.NaN),
    });
    const files = fc.array(
      fc.array(logged, { minLength: 1, maxLength: 6 }).map((values) => fileOf(...values)),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    const bag = (rows: readonly string[]) => [...rows].sort();
    fc.assert(
      fc.property(files, fc.nat(5), (files, cut) => {
        const all = bag(merged(...files));
        const first = mergeRows(files.slice(0, cut));
        expect(bag(merged(first, ...files.slice(cut)))).toEqual(all);
        expect(bag(merged(first, ...files))).toEqual(all);
        expect(bag(merged(mergeRows(files)))).toEqual(all);
      }),
    );
  });
});
