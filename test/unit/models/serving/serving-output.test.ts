import { describe, expect, it } from "vitest";
import type { PredictOutput } from "../../../../src/models/predict/predict-types.ts";
import { formatServingOutput } from "../../../../src/models/serving/serving-output.ts";

const written = (output: unknown) => formatServingOutput(output as PredictOutput);

describe("an answer", () => {
  it.each<[string, unknown, string]>([
    ["a typed array", Float32Array.of(1, 0.5), "[1.0, 0.5]"],
    ["data and dims", { data: Float64Array.of(1, 2), dims: [1, 2] }, "[[1.0, 2.0]]"],
    ["nested arrays", [[1, "a", true, null]], '[[1, "a", true, null]]'],
    ["whole numbers", BigInt64Array.of(2n ** 60n), "[1152921504606846976]"],
    ["bytes of a tensor", Uint8Array.of(1, 2), "[1, 2]"],
    [
      "tensors by name",
      { y: Float32Array.of(1), z: { data: ["ü"], dims: [1, 1] } },
      '{"y": [1.0], "z": [["\\u00fc"]]}',
    ],
    [
      "rows",
      [{ a: 1, b: Uint8Array.of(97), c: new Date("2024-01-02T03:04:05Z"), d: new Date(1), e: undefined }],
      '[{"a": 1, "b": "YQ==\\n", "c": "2024-01-02T03:04:05", "d": "1970-01-01T00:00:00.001000"}]',
    ],
    ["lists in rows", [{ y: [0.5, [1n]] }], '[{"y": [0.5, [1]]}]'],
    ["a value", 5, "5"],
    ["no value in a list", [undefined], "[null]"],
  ])("may be %s", (_, output, text) => {
    expect(written(output)).toBe(`{"predictions": ${text}}`);
  });

  it("has null for what JSON has no number for, or Python's words", () => {
    const output = [Number.NaN, { y: Float32Array.of(Number.POSITIVE_INFINITY) }] as unknown as PredictOutput;
    expect(formatServingOutput(output)).toBe('{"predictions": [null, {"y": [null]}]}');
    expect(formatServingOutput(output, { nonFinite: "bare" })).toBe('{"predictions": [NaN, {"y": [Infinity]}]}');
  });

  it("is under the name of the output, where that is known and the answer has none", () => {
    const named = (output: unknown) => formatServingOutput(output as PredictOutput, { outputName: "Y" });
    expect(named([[1]])).toBe('{"predictions": {"Y": [[1]]}}');
    expect(named(Float32Array.of(1))).toBe('{"predictions": {"Y": [1.0]}}');
    expect(named({ data: [true], dims: [1] })).toBe('{"predictions": {"Y": [true]}}');
    expect(named({ Z: [1] })).toBe('{"predictions": {"Z": [1]}}');
    expect(named([{ Z: 1 }])).toBe('{"predictions": [{"Z": 1}]}');
  });

  it.each([[[() => 1]], [Symbol("x")], [{ a: new Map([["b", () => 1]]) }]])("of %o is refused", (output) => {
    expect(() => written(output)).toThrow(expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }));
  });

  it("that holds itself is refused", () => {
    const output: unknown[] = [];
    output.push(output);
    expect(() => written(output)).toThrow(expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }));
  });
});
