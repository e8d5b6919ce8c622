import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packColumns, unpackColumns } from "../../../src/report/curves/column-bytes.ts";
import { Extremes } from "../../../src/report/curves/extremes.ts";
import { firstAbove, firstAtLeast } from "../../../src/report/curves/search-sorted.ts";
import { startSmoothing } from "../../../src/report/curves/smooth.ts";
import { pointsPerCurve, thinnedPositions } from "../../../src/report/curves/thin-curve.ts";
import { marksOf, visiblePoints } from "../../../src/report/curves/visible-points.ts";

const anyNumber = fc.oneof(
  { weight: 6, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 3 }) },
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0),
);
const columnOf = (maxLength: number) => fc.array(anyNumber, { maxLength }).map((values) => Float64Array.from(values));
const finite = (values: Iterable<number>) => [...values].filter(Number.isFinite);

describe("Extremes", () => {
  it("finds the smallest and the largest finite value of any stretch", () => {
    const stretch = fc.tuple(columnOf(700), fc.nat(720), fc.nat(720));
    fc.assert(
      fc.property(stretch, ([values, a, b]) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const extent = Extremes.of(values).between(from, to);
        const inside = finite(values.subarray(from, to));
        if (inside.length === 0) expect(extent).toBeUndefined();
        else {
          expect(inside.every((value) => value >= (values[extent?.smallest ?? -1] as number))).toBe(true);
          expect(inside.every((value) => value <= (values[extent?.largest ?? -1] as number))).toBe(true);
          expect([extent?.smallest, extent?.largest].every((at = -1) => at >= from && at < to)).toBe(true);
        }
      }),
    );
  });

  it("takes the first of equal ones, whatever block it is in", () => {
    const values = new Float64Array(10_000).fill(7);
    expect(Extremes.of(values).between(3, 9_999)).toEqual({ smallest: 3, largest: 3 });
  });

  it("has nothing to say of no values", () => {
    expect(Extremes.of(new Float64Array(0)).between(0, 10)).toBeUndefined();
    expect(Extremes.of(new Float64Array(100).fill(Number.NaN)).between(0, 100)).toBeUndefined();
  });

  it("is built in slices to the same", () => {
    const values = Float64Array.from({ length: 200_000 }, (_, at) => Math.sin(at * 12.9898) * 43_758);
    const building = Extremes.inSlices(values);
    let slices = 0;
    let step = building.next();
    for (; !step.done; step = building.next()) slices++;
    expect(slices).toBeGreaterThan(2);
    expect(step.value.between(17, 180_001)).toEqual(Extremes.of(values).between(17, 180_001));
  });
});

/** A curve, and columns of pixels over a part of it. */
const viewed = fc
  .tuple(
    columnOf(400),
    fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 400, maxLength: 400 }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: -10, max: 600 }),
    fc.integer({ min: 1, max: 900 }),
  )
  .map(([values, gaps, columns, left, width]) => {
    let sum = 0;
    const x = Float64Array.from(values, (_, at) => (sum += gaps[at] as number));
    const edges = Float64Array.from({ length: columns + 1 }, (_, at) => left + (width * at) / columns);
    return { x, values, edges, extremes: Extremes.of(values) };
  });

/** The positions of what is finite in each column. */
function columns({ x, values, edges }: { x: Float64Array; values: Float64Array; edges: Float64Array }): number[][] {
  return Array.from({ length: edges.length - 1 }, (_, column) => {
    const [left, right] = [edges[column] as number, edges[column + 1] as number];
    const isLast = column === edges.length - 2;
    return [...values.keys()].filter((at) => {
      const place = x[at] as number;
      return Number.isFinite(values[at]) && place >= left && (place < right || (isLast && place === right));
    });
  });
}

describe("visiblePoints", () => {
  it("has the first, the smallest, the largest and the last value of every column of pixels", () => {
    fc.assert(
      fc.property(viewed, (view) => {
        const taken = new Set(visiblePoints(view));
        const logged = (at: number) => view.values[at] as number;
        for (const inside of columns(view)) {
          if (inside.length === 0) continue;
          const kept = inside.filter((at) => taken.has(at)).map(logged);
          const all = inside.map(logged);
          expect(Math.min(...kept) === Math.min(...all) && Math.max(...kept) === Math.max(...all)).toBe(true);
          expect(taken.has(inside[0] as number) && taken.has(inside.at(-1) as number)).toBe(true);
        }
      }),
    );
  });

  it("answers points in order, few of them, and the line runs on to either side", () => {
    fc.assert(
      fc.property(viewed, (view) => {
        const taken = visiblePoints(view);
        expect(taken.every((at, index) => index === 0 || at > (taken[index - 1] as number))).toBe(true);
        expect(taken.length).toBeLessThanOrEqual(4 * (view.edges.length - 1) + 2);
        const shown = [...view.values.keys()].filter((at) => Number.isFinite(view.values[at]));
        const [left, right] = [view.edges[0] as number, view.edges.at(-1) as number];
        const before = shown.filter((at) => (view.x[at] as number) < left).at(-1);
        const after = shown.find((at) => (view.x[at] as number) > right);
        if (before !== undefined) expect(taken[0]).toBe(before);
        if (after !== undefined) expect(taken.at(-1)).toBe(after);
      }),
    );
  });
});

describe("marksOf", () => {
  it("has the first point of every column of pixels that has any", () => {
    fc.assert(
      fc.property(viewed, ({ x, edges }) => {
        const everywhere = new Float64Array(x.length);
        const first = columns({ x, values: everywhere, edges }).flatMap(([at]) => (at === undefined ? [] : [at]));
        expect(marksOf(x, edges)).toEqual(first);
      }),
    );
  });
});

describe("searching what is sorted", () => {
  it("finds what a look at every value finds", () => {
    const sorted = fc.array(fc.integer({ min: 0, max: 20 })).map((values) => values.sort((a, b) => a - b));
    fc.assert(
      fc.property(sorted, fc.integer({ min: -1, max: 21 }), (values, bound) => {
        const found = (isFound: (value: number) => boolean) => {
          const at = values.findIndex(isFound);
          return at < 0 ? values.length : at;
        };
        expect(firstAtLeast(values, bound)).toBe(found((value) => value >= bound));
        expect(firstAbove(values, bound)).toBe(found((value) => value > bound));
      }),
    );
  });
});

describe("thinnedPositions", () => {
  it("keeps the extremes, the last value and something of what is not finite, and no more than allowed", () => {
    fc.assert(
      fc.property(columnOf(600), fc.integer({ min: 4, max: 300 }), (values, most) => {
        const kept = thinnedPositions(values, most);
        expect(kept.length).toBeLessThanOrEqual(Math.max(most, 0));
        const [all, some] = [finite(values), finite(Array.from(kept, (at) => values[at] as number))];
        if (all.length > 0) {
          expect(Math.min(...some)).toBe(Math.min(...all));
          expect(Math.max(...some)).toBe(Math.max(...all));
        }
        const hasOdd = (list: Iterable<number>) => [...list].some((value) => !Number.isFinite(value));
        expect(hasOdd(Array.from(kept, (at) => values[at] as number))).toBe(hasOdd(values));
        if (values.length > 0) expect(kept.at(-1)).toBe(values.length - 1);
        expect([...kept]).toEqual([...new Set(kept)].sort((a, b) => a - b));
      }),
    );
  });
});

describe("pointsPerCurve", () => {
  it("shares what there is, and leaves short curves whole", () => {
    expect(pointsPerCurve([10, 20, 30], 100)).toBe(Number.POSITIVE_INFINITY);
    expect(pointsPerCurve([10, 1_000, 1_000], 110)).toBe(50);
    expect(pointsPerCurve([1_000, 1_000, 1_000], 300)).toBe(100);
    fc.assert(
      fc.property(fc.array(fc.nat(1_000), { minLength: 1 }), fc.nat(5_000), (lengths, most) => {
        const share = pointsPerCurve(lengths, most);
        expect(lengths.reduce((sum, length) => sum + Math.min(length, share), 0)).toBeLessThanOrEqual(
          Math.max(most, 0),
        );
      }),
    );
  });
});

describe("packColumns", () => {
  it("gives back every bit", () => {
    const columns = fc
      .nat(300)
      .chain((length) =>
        fc.array(fc.array(anyNumber, { minLength: length, maxLength: length }), { minLength: 1, maxLength: 4 }),
      );
    fc.assert(
      fc.property(columns, (lists) => {
        const original = lists.map((list) => Float64Array.from(list));
        const bits = (column: Float64Array) => new BigUint64Array(column.buffer, column.byteOffset, column.length);
        expect(unpackColumns(packColumns(original), original.length).map(bits)).toEqual(original.map(bits));
      }),
    );
  });

  it("takes steps and times as differences, which are mostly the same", () => {
    const steps = Float64Array.from({ length: 1_000 }, (_, at) => at * 5);
    const packed = packColumns([steps]);
    expect(new Set(packed.subarray(2 + 8)).size).toBeLessThan(6);
    // Too far apart for a difference to be exact.
    const far = Float64Array.of(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1, 2 ** -60);
    expect(unpackColumns(packColumns([far]), 1)[0]).toEqual(far);
  });

  it("refuses what it did not write", () => {
    expect(() => unpackColumns(new Uint8Array(8), 1)).toThrow(RangeError);
  });
});

describe("startSmoothing", () => {
  const smooth = (values: number[], weight: number) => {
    const smoothing = startSmoothing(values, weight);
    while (smoothing.next(2)) expect(smoothing.smoothed.length).toBe(values.length);
    return [...smoothing.smoothed];
  };

  it("weighs what was before, and the first values no more than others", () => {
    expect(smooth([1, 3], 0.5)).toEqual([1, (0.25 * 1 + 0.5 * 3) / 0.75]);
    expect(smooth([5, 5, 5, 5], 0.9).map((value) => Number(value.toFixed(9)))).toEqual([5, 5, 5, 5]);
  });

  it("changes nothing without a weight, and steps over what is not finite", () => {
    expect(smooth([1, Number.NaN, 3, Number.POSITIVE_INFINITY, 4], 0)).toEqual([1, Number.NaN, 3, Number.NaN, 4]);
  });
});
