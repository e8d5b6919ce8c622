import { describe, expect, it } from "vitest";
import { bytesText, durationText } from "../../../src/base/amounts.ts";
import { type Change, ChartSettings } from "../../../src/report/page/chart-settings.ts";
import { axisNumber, count, dateText, secondsText, shortNumber, wholeNumber } from "../../../src/report/page/format.ts";
import { moved, zoomed } from "../../../src/report/page/x-range.ts";

describe("numbers of a report", () => {
  it.each([
    [0.123456789, "0.123457"],
    [-1e-7, "−1e−7"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "∞"],
    [Number.NEGATIVE_INFINITY, "−∞"],
    [-0, "0"],
  ])("%d is shown as %s", (value, text) => expect(shortNumber(value)).toBe(text));

  it.each([
    [0.25, 0.25, "0.25"],
    [0.5, 0.25, "0.50"],
    [-3, 1, "−3"],
    [-0, 1, "0"],
    [2_500_000, 500_000, "2.5e6"],
    [9_000_000_000_000_001, 1, "9.000000e15"],
    [0.0002, 0.0001, "2e−4"],
    [0, 0.0001, "0.0000"],
  ])("%d on an axis whose marks are %d apart is %s", (value, distance, text) => {
    expect(axisNumber(value, distance)).toBe(text);
  });

  it("has sizes, counts and times in words", () => {
    expect([bytesText(0), bytesText(1_536), bytesText(5 * 2 ** 30)]).toEqual(["0 B", "1.5 KiB", "5.0 GiB"]);
    expect([count(1, "run"), count(1_200, "run")]).toEqual(["1 run", "1,200 runs"]);
    expect([wholeNumber(-1_234_567), wholeNumber(Number.NaN)]).toEqual(["−1,234,567", "NaN"]);
    expect([durationText(12), durationText(1_500), durationText(61_000), durationText(3_720_000)]).toEqual([
      "12 ms",
      "1.5 s",
      "1 min 1 s",
      "1 h 2 min",
    ]);
    expect([secondsText(-5), secondsText(300), secondsText(9_000), secondsText(259_200)]).toEqual([
      "−5 s",
      "5 min",
      "2.5 h",
      "3 d",
    ]);
    expect(dateText(1e300)).toBe("1e+300");
    expect(dateText(1_700_000_000_000)).toMatch(/^2023-11-1\d \d\d:\d\d:\d\d$/);
  });
});

describe("a range of x", () => {
  it("is zoomed around a place, and moved by parts of its width", () => {
    expect(zoomed({ min: 0, max: 100 }, 0.5, 0.25, false)).toEqual({ min: 12.5, max: 62.5 });
    expect(moved({ min: 0, max: 100 }, -0.25, false)).toEqual({ min: -25, max: 75 });
  });

  it("does both by factors on a log axis", () => {
    const { min, max } = zoomed({ min: 1, max: 10_000 }, 0.5, 0.5, true);
    expect([min, max]).toEqual([expect.closeTo(10, 9), expect.closeTo(1_000, 9)]);
    expect(moved({ min: 1, max: 100 }, 0.5, true)).toEqual({ min: 10, max: 1_000 });
  });
});

describe("ChartSettings", () => {
  it("says what must be drawn anew, and forgets a zoom that means nothing any more", () => {
    const settings = new ChartSettings();
    const changes: Change[] = [];
    const stop = settings.listen((change) => changes.push(change));
    settings.set("zoom", { min: 1, max: 2 });
    settings.set("smoothing", 0.5);
    settings.set("logY", true);
    expect(settings.now).toMatchObject({ zoom: { min: 1, max: 2 }, smoothing: 0.5, logY: true });
    settings.set("x", { kind: "wall" });
    expect(settings.now.zoom).toBeUndefined();
    settings.set("zoom", { min: 0, max: 1e200 });
    settings.set("zoom", { min: Number.NaN, max: 1 });
    expect(settings.now.zoom).toBeUndefined();
    settings.set("logX", true);
    settings.set("zoom", { min: 0, max: 1 });
    expect(settings.now.zoom).toBeUndefined();
    stop();
    settings.set("hidden", new Set([1]));
    expect(changes).toEqual(["view", "style", "points", "points", "view", "view", "points", "view"]);
  });
});
