import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "../../../src/onnxruntime/latency-histogram.ts";

/** From 1 µs to hours, as often short as long. */
const duration = fc.double({ min: -9.9, max: 23, noNaN: true }).map((exponent) => 2 ** exponent);
const durations = fc.array(duration, { minLength: 1, maxLength: 300 });
const percents = [0, 1, 25, 50, 90, 95, 99, 99.9, 100];

const histogramOf = (values: readonly number[]) => {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
};

const byNearestRank = (values: readonly number[], percent: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1] as number;
};

describe("a latency histogram", () => {
  it("knows every percentile to one percent", () => {
    fc.assert(
      fc.property(durations, (values) => {
        const histogram = histogramOf(values);
        for (const percent of percents) {
          const exact = byNearestRank(values, percent);
          expect(Math.abs(histogram.percentileMs(percent) - exact)).toBeLessThanOrEqual(exact * 0.01);
        }
        expect(histogram.maxMs).toBe(Math.max(...values));
        expect(histogram.meanMs).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length);
      }),
    );
  });

  it("that took in another knows what one of all values knows", () => {
    fc.assert(
      fc.property(durations, durations, (some, others) => {
        const merged = histogramOf(some);
        merged.merge(histogramOf(others));
        const whole = histogramOf([...some, ...others]);
        expect(merged.count).toBe(whole.count);
        expect(percents.map((percent) => merged.percentileMs(percent))).toEqual(
          percents.map((percent) => whole.percentileMs(percent)),
        );
      }),
    );
  });

  it("is as good as new after a reset", () => {
    fc.assert(
      fc.property(durations, durations, (some, others) => {
        const used = histogramOf(some);
        used.reset();
        for (const value of others) used.record(value);
        const fresh = histogramOf(others);
        const facts = (of: LatencyHistogram) => [
          of.count,
          of.meanMs,
          of.maxMs,
          ...percents.map((p) => of.percentileMs(p)),
        ];
        expect(facts(used)).toEqual(facts(fresh));
      }),
    );
  });

  it("knows nothing while it is empty, and after a reset", () => {
    const histogram = histogramOf([1, 2, 3]);
    histogram.reset();
    expect([histogram.count, histogram.percentileMs(50), histogram.meanMs, histogram.maxMs]).toEqual([
      0,
      Number.NaN,
      Number.NaN,
      Number.NaN,
    ]);
    histogram.record(5);
    expect(histogram.percentileMs(50)).toBe(5);
  });

  it("takes anything for a duration: a clock that was set back, no time at all, for ever", () => {
    const histogram = histogramOf([-5, 0, Number.NaN, 1e-9, 1e12, Number.POSITIVE_INFINITY]);
    expect(histogram.count).toBe(6);
    expect(histogram.percentileMs(50)).toBeLessThan(0.001);
    expect(histogram.percentileMs(80)).toBeGreaterThan(1e7);
    expect(histogram.maxMs).toBe(Number.POSITIVE_INFINITY);
  });
});
