import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesText, durationText } from "../../../src/base/amounts.ts";
import { isoTime } from "../../../src/base/iso-time.ts";
import { shortNumber } from "../../../src/base/short-number.ts";
import { sparkline } from "../../../src/cli/sparkline.ts";
import { relativeTime } from "../../../src/cli/times.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("sparkline", () => {
  const line = (values: number[], width = 24) => sparkline(Float64Array.from(values), width);

  it.each<[number[], string]>([
    [[], ""],
    [[1], "▁"],
    [[0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"],
    [[2, 2, 2], "▁▁▁"],
    [[1, Number.NaN, 3], "▁ █"],
    [[Number.NaN, Number.NaN], "  "],
    [[1, Infinity, 2, -Infinity], "▁██▁"],
    [[-Infinity, Infinity], "▁█"],
    [[-Number.MAX_VALUE, 0, Number.MAX_VALUE], "▁▅█"],
    [[5e-324, 0], "█▁"],
  ])("of %j is %j", (values, expected) => {
    expect(line(values)).toBe(expected);
  });

  it("averages what has no room, infinities aside", () => {
    expect(line([0, 0, 1, Infinity, 7, 7], 3)).toBe("▁▂█");
    expect(line([Number.MAX_VALUE, Number.MAX_VALUE, 0, 0], 2)).toBe("█▁");
  });

  it("is as wide as asked for, whatever the values", () => {
    fc.assert(
      fc.property(fc.float64Array({ maxLength: 100 }), fc.integer({ min: 1, max: 30 }), (values, width) => {
        expect(sparkline(values, width)).toMatch(/^[ ▁▂▃▄▅▆▇█]*$/);
        expect(sparkline(values, width)).toHaveLength(Math.min(width, values.length));
      }),
    );
  });
});

describe("times", () => {
  const now = Date.UTC(2026, 5, 15, 12);

  it.each([
    [0, "just now"],
    [-5 * SECOND, "just now"],
    [59 * SECOND, "59 s ago"],
    [3 * MINUTE, "3 min ago"],
    [HOUR, "1 h ago"],
    [DAY, "1 day ago"],
    [29 * DAY, "29 days ago"],
    [40 * DAY, "2026-05-06"],
    [-2 * DAY, "2026-06-17"],
  ])("%i ms before now is %s", (ago, expected) => {
    expect(relativeTime(now - ago, now)).toBe(expected);
  });

  it("no time is too wild", () => {
    expect(isoTime(Number.MAX_SAFE_INTEGER)).toBe("9007199254740991");
    expect(relativeTime(Number.MAX_SAFE_INTEGER, now)).toBe("9007199254740991");
  });

  it.each([
    [12, "12 ms"],
    [1_999, "1.9 s"],
    [59_999, "59.9 s"],
    [3 * MINUTE + 5 * SECOND, "3 min 5 s"],
    [2 * HOUR + 59 * MINUTE, "2 h 59 min"],
    [3 * DAY + 4 * HOUR, "3 d 4 h"],
  ])("%i ms last %s", (ms, expected) => {
    expect(durationText(ms)).toBe(expected);
  });
});

describe("numbers", () => {
  it.each([
    [1 / 3, "0.333333"],
    [1e21, "1e+21"],
    [123_456_789, "123457000"],
    [Number.NaN, "NaN"],
    [-Infinity, "-Infinity"],
  ])("%d is short for %s", (value, expected) => {
    expect(shortNumber(value)).toBe(expected);
  });

  it.each([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1.0 KiB"],
    [5.5 * 1024 ** 3, "5.5 GiB"],
    [5_000 * 1024 ** 4, "5000.0 TiB"],
  ])("%d bytes are %s", (bytes, expected) => {
    expect(bytesText(bytes)).toBe(expected);
  });
});
