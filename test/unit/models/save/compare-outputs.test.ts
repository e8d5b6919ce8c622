import { describe, expect, it } from "vitest";
import { allFinite, largestDifference } from "../../../../src/models/save/compare-outputs.ts";
import { generatedInputs } from "../../../../src/models/save/generated-inputs.ts";

const tensor = (values: readonly number[], dims = [values.length]) => ({ data: Float64Array.from(values), dims });

describe("the largest difference", () => {
  it.each<[string, readonly number[], readonly number[], number]>([
    ["is none between equals", [1, Number.NaN, Infinity], [1, Number.NaN, Infinity], 0],
    ["is in proportion to the largest value", [0.001, 100], [0.002, 100], 0.00001],
    ["is what it is where all is zero", [0, 0], [0, 0.5], 0.5],
    ["is infinite for a NaN on one side", [1, 2], [1, Number.NaN], Infinity],
    ["is infinite between infinities of two signs", [Infinity], [-Infinity], Infinity],
    ["is infinite for other numbers of values", [1], [1, 1], Infinity],
  ])("%s", (_, a, b, expected) => {
    expect(largestDifference([tensor(a)], [tensor(b)])).toBeCloseTo(expected, 12);
  });

  it("is the worst of all outputs, and infinite for other shapes and texts", () => {
    expect(largestDifference([tensor([1]), tensor([10])], [tensor([1]), tensor([11])])).toBeCloseTo(0.1);
    expect(largestDifference([tensor([1, 2], [2, 1])], [tensor([1, 2], [1, 2])])).toBe(Infinity);
    expect(largestDifference([tensor([1])], [])).toBe(Infinity);
    const texts = (...data: string[]) => ({ data, dims: [data.length] });
    expect(largestDifference([texts("a", "b")], [texts("a", "b")])).toBe(0);
    expect(largestDifference([texts("a")], [texts("b")])).toBe(Infinity);
  });

  it("is asked for of finite numbers", () => {
    expect(allFinite([tensor([1, 2]), { data: ["NaN"], dims: [1] }])).toBe(true);
    expect(allFinite([tensor([1]), tensor([Infinity])])).toBe(false);
  });
});

describe("inputs that are made up", () => {
  it("have the shape and type of the ports, and are the same every time", () => {
    const ports = [
      { name: "x", dtype: "float32", shape: [-1, 3] },
      { name: "ids", dtype: "int32", shape: [-1, -1] },
      { name: "on", dtype: "bool", shape: undefined },
    ];
    const [first, ...others] = generatedInputs(ports);
    expect(others).toHaveLength(3);
    expect(first).toEqual(generatedInputs(ports)[0]);
    expect(first).toMatchObject({ x: { dims: [2, 3] }, ids: { dims: [2, 16] }, on: { dims: [2] } });
    expect(first?.x?.data).toBeInstanceOf(Float32Array);
    expect(new Set(first?.ids?.data as Int32Array)).toEqual(new Set([0, 1]));
    expect(Math.min(...((first?.x?.data ?? []) as Float32Array))).toBeLessThan(0);
  });
});
