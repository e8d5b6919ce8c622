import { describe, expect, it } from "vitest";
import { chooseFiles } from "../../../../src/s3/metrics/compaction.ts";
import { handOverIntervalMs } from "../../../../src/s3/metrics/hand-over.ts";
import { compactedName, revisionOf } from "../../../../src/s3/metrics/manifest.ts";
import { parseSegmentName, segmentName } from "../../../../src/s3/metrics/segment-name.ts";
import { batchOf } from "../../../support/metric-batches.ts";

describe("the name of a segment", () => {
  it("tells writer, number, steps and rows", () => {
    const steps = [5, -12, 7];
    const [columns] = batchOf(steps.map((step) => ({ key: "loss", value: 1, timestamp: 1, step })));
    const name = segmentName("process-1f", 17, columns);
    expect(name).toBe("process-1f/00000017--12-7-3.parquet");
    expect(parseSegmentName(name)).toEqual({ writer: "process-1f", sequence: 17, rowCount: 3 });
  });

  it("may have a number of more digits, and any safe step", () => {
    const [columns] = batchOf([{ key: "loss", value: 1, timestamp: 1, step: Number.MIN_SAFE_INTEGER }]);
    const name = segmentName("w", 123_456_789, columns);
    expect(parseSegmentName(name)).toEqual({ writer: "w", sequence: 123_456_789, rowCount: 1 });
  });

  it.each([
    "",
    "w",
    "w/1-1-1-1.parquet",
    "w/00000001-1-1-1",
    "a/b/00000001-1-1-1.parquet",
    "../00000001-1-1-1.parquet",
  ])("is not %j", (name) => {
    expect(parseSegmentName(name)).toBeUndefined();
  });
});

describe("the name of a compacted file", () => {
  it("tells the revision that may list it", () => {
    expect(revisionOf(compactedName(12))).toBe(12);
    expect(compactedName(12)).not.toBe(compactedName(12));
    expect(revisionOf("00000012.parquet")).toBeUndefined();
  });
});

describe("which compacted files are put to new rows", () => {
  const files = (...rows: number[]) => rows.map((count, at) => ({ name: `${at}`, rows: count, bytes: count }));
  it.each([
    ["small ones, always", [1_000, 1_000], 10, 2],
    ["none where there is nothing new and it is alone", [500_000], 0, 0],
    ["one that is not much larger", [900_000, 400_000], 300_000, 1],
    ["none that is much larger", [900_000], 100_000, 0],
    ["none that would not fit into memory with them", [900_000], 600_000, 0],
    ["those behind a large one only", [1_000, 900_000, 1_000], 1_000, 1],
  ])("%s", (_, rows, fresh, chosen) => {
    const all = files(...rows);
    expect(chooseFiles(all, [{ rowCount: fresh }])).toEqual(all.slice(all.length - chosen));
  });
});

describe("how old values get before they are written", () => {
  it.each([
    [0, 5_000],
    [50_000, 5_000],
    [100_000, 10_000],
    [300_000, 30_000],
    [86_400_000, 30_000],
  ])("in a run of %d ms: %d ms", (ageMs, intervalMs) => {
    expect(handOverIntervalMs(ageMs)).toBe(intervalMs);
  });
});
