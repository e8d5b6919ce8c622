import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cutIntoChunks } from "../../../../src/s3/store/chunk/cut-rows.ts";
import { headFields, parseHead } from "../../../../src/s3/store/heads.ts";
import { metricOf, type StoredMetric, storedMetrics, storeMetric } from "../../../../src/s3/store/stored-metric.ts";
import { textRecord, withoutKey, withTexts } from "../../../../src/s3/store/text-record.ts";

describe("heads", () => {
  const schema = z.object({ ...headFields, tags: textRecord });
  const parse = (text: string) => parseHead(schema, Buffer.from(text), '"s3://bucket/head.json"');

  it("are read as they were written, with any key", () => {
    const tags = withTexts({}, [
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
    const head = { rev: 1, ops: ["x"], createdBy: "x", tags };
    expect(Object.entries(parse(JSON.stringify(head)).tags)).toEqual(Object.entries(tags));
    expect(Object.keys(withoutKey(tags, "__proto__"))).toEqual(["constructor"]);
  });

  it.each([
    "",
    "[]",
    "null",
    "{",
    '{"rev":1}',
    '{"rev":0,"ops":["x"],"createdBy":"x","tags":{}}',
    '{"rev":1,"ops":[],"createdBy":"x","tags":{}}',
    '{"rev":1,"ops":["x"],"createdBy":"x","tags":{"a":1}}',
    '{"rev":1,"ops":["x"],"createdBy":"x","tags":["a"]}',
  ])("that are damaged are said so: %s", (text) => {
    const error = { code: "DATA_DAMAGED", message: expect.stringContaining("s3://bucket/head.json") };
    expect(() => parse(text)).toThrow(expect.objectContaining(error));
  });
});

describe("latest values in heads", () => {
  it.each([0.1, -0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 1.7e308])(
    "keep %d to the last bit",
    (value) => {
      const json: unknown = JSON.parse(JSON.stringify([storeMetric({ key: "a", value, timestamp: 1, step: -2 })]));
      const [stored] = storedMetrics.parse(json);
      const read = metricOf(stored as StoredMetric);
      expect(Object.is(read.value, value)).toBe(true);
      expect(read).toEqual({ key: "a", value, timestamp: 1, step: -2 });
    },
  );

  it.each([
    null,
    {},
    [null],
    ["loss"],
    [{ key: "a", value: 1, timestamp: 1 }],
    [{ key: 1, value: 1, timestamp: 1, step: 1 }],
    [{ key: "a", value: "1", timestamp: 1, step: 1 }],
    [{ key: "a", value: null, timestamp: 1, step: 1 }],
    [
      { key: "a", value: "NaN", timestamp: 1, step: 1 },
      { key: "b", value: 1, timestamp: "1", step: 1 },
    ],
  ])("are refused where they are none: %j", (json) => {
    expect(storedMetrics.safeParse(json).success).toBe(false);
  });
});

describe("chunks of an index", () => {
  it("hold 2,000 rows, or fewer where they are large", () => {
    const rows = Array.from({ length: 4_001 }, (_, n) => ({ n }));
    expect(cutIntoChunks(rows).map(({ length }) => length)).toEqual([2_000, 2_000, 1]);
    expect(cutIntoChunks(rows).flat()).toEqual(rows);
    const large = Array.from({ length: 5 }, () => "x".repeat(3 << 20));
    expect(cutIntoChunks(large).map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(cutIntoChunks([])).toEqual([]);
  });
});
