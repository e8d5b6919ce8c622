import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { orderPoints } from "../../../src/base/point-order.ts";
import { missingPoints } from "../../../src/sync/missing-points.ts";

type Point = readonly [step: number, timestamp: number, value: number];

const columns = (points: readonly Point[]) =>
  orderPoints({
    steps: Float64Array.from(points, ([step]) => step),
    timestamps: Float64Array.from(points, ([, timestamp]) => timestamp),
    values: Float64Array.from(points, ([, , value]) => value),
  });

const pointsOf = ({ steps, timestamps, values }: ReturnType<typeof columns>) =>
  Array.from(values, (value, i) => `${steps[i]} ${timestamps[i]} ${Object.is(value, -0) ? "-0" : value}`);

const EXACT = { keepsRepeats: true };
const SQL = { keepsRepeats: false };

describe("missingPoints", () => {
  it("finds what is missing of any part, and nothing else", () => {
    const point = fc.tuple(
      fc.integer({ min: -2, max: 3 }),
      fc.integer({ min: 0, max: 2 }),
      fc.constantFrom(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(point, fc.boolean())), (marked) => {
        const all = columns(marked.map(([each]) => each));
        const part = columns(marked.filter(([, isThere]) => isThere).map(([each]) => each));
        const { missing, equalCount, conflict } = missingPoints(all, part, EXACT);
        expect(conflict).toBeUndefined();
        expect(equalCount).toBe(part.values.length);
        expect([...pointsOf(missing), ...pointsOf(part)].sort()).toEqual(pointsOf(all).sort());
      }),
    );
  });

  it("takes what a database made of a value for the value, and equal ones for one", () => {
    const source = columns([
      [0, 5, -0],
      [1, 5, Number.POSITIVE_INFINITY],
      [2, 5, 2],
      [2, 5, 1],
      [2, 5, 1],
    ]);
    const target = columns([
      [0, 5, 0],
      [1, 5, Number.MAX_VALUE],
      [2, 5, 1],
      [2, 5, 2],
    ]);
    const compared = missingPoints(source, target, SQL);
    expect(compared).toMatchObject({ equalCount: 2, alikeCount: 3 });
    expect([compared.missing.values.length, compared.conflict]).toEqual([0, undefined]);
    expect(pointsOf(missingPoints(source, target, EXACT).missing)).toEqual(["2 5 1"]);
  });

  it("takes a value that a server on files has twice for one", () => {
    const source = columns([
      [0, 5, 1],
      [1, 5, -0],
      [2, 5, 3],
    ]);
    const target = columns([
      [0, 5, 1],
      [0, 5, 1],
      [1, 5, 0],
      [1, 5, 0],
    ]);
    const compared = missingPoints(source, target, SQL);
    expect(compared).toMatchObject({ equalCount: 1, alikeCount: 3 });
    expect([pointsOf(compared.missing), compared.conflict]).toEqual([["2 5 3"], undefined]);
    expect(missingPoints(source, target, EXACT).conflict).toEqual({ step: 0, source: "1", target: "1, 1" });
  });

  it("says where the target has what the source does not", () => {
    const source = columns([
      [0, 1, 1],
      [1, 1, 1],
    ]);
    const other = missingPoints(source, columns([[1, 1, 2]]), EXACT);
    expect(other.conflict).toEqual({ step: 1, source: "1", target: "2" });
    expect(other.missing.values.length).toBe(0);
    expect(missingPoints(source, columns([[7, 1, 2]]), EXACT).conflict).toEqual({ step: 7, source: "", target: "2" });
  });
});
