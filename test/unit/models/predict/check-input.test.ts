import { describe, expect, it } from "vitest";
import type { Signature } from "../../../../src/mlmodel/signature-schema.ts";
import { checkInput } from "../../../../src/models/predict/check-input.ts";
import type { PredictInput } from "../../../../src/models/predict/predict-types.ts";

const check = (signature: Signature | undefined, input: unknown) => checkInput(signature, input as PredictInput);
const refused = (message: RegExp) =>
  expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringMatching(message) });

const tensors = (name: string | undefined, dtype: string, shape: number[]): Signature => ({
  inputs: [{ ...(name === undefined ? {} : { name }), type: "tensor", "tensor-spec": { dtype, shape } }],
});

it("without a signature of inputs anything is as it is", () => {
  const input = [[1, "a"]];
  expect(check(undefined, input)).toBe(input);
  expect(check({ params: [] }, input)).toBe(input);
});

describe("an input for tensors", () => {
  const float32 = tensors("x", "float32", [-1, 2]);

  it.each([
    ["a typed array", Float64Array.of(1, 2), Float32Array.of(1, 2)],
    ["a flat list", [1, 2, 3, 4], [1, 2, 3, 4]],
    ["nested arrays", [[1n, 2]], [[1, 2]]],
    ["data and dims", { data: [1, 2], dims: [2] }, { data: Float32Array.of(1, 2), dims: [1, 2] }],
    ["a name", { x: Int8Array.of(1, 2) }, { x: Float32Array.of(1, 2) }],
    ["rows", [{ x: [1, 2n], y: 3 }, { x: [3, 4] }], [{ x: [1, 2] }, { x: [3, 4] }]],
    ["one row", { x: [1, 2], y: "left out" }, { x: [1, 2] }],
  ])("is cast, and stays %s", (_, input, expected) => {
    expect(check(float32, input)).toEqual(expected);
  });

  it("has the values of its type in lists", () => {
    expect(check(tensors("x", "int64", [-1]), [3n, 2n ** 60n])).toEqual([3, 2n ** 60n]);
    expect(check(tensors("x", "bool", [-1]), [1, 0])).toEqual([true, false]);
    expect(check(tensors("x", "float16", [-1]), [1.0001])).toEqual([1]);
    expect(check(tensors(undefined, "str", [-1]), ["a"])).toEqual(["a"]);
  });

  it("stays rows whose columns are one tensor, which has its name if it has one", () => {
    const rows = [{ a: 1, b: 2 }];
    expect(check(tensors(undefined, "float32", [-1, 2]), rows)).toBe(rows);
    expect(check(float32, rows)).toEqual([{ x: [1, 2] }]);
  });

  it("stays a tensor of TensorFlow.js, or is refused", () => {
    const tensor = { shape: [1, 2], dtype: "float32", dataSync: () => Float32Array.of(1, 2) };
    expect(check(float32, tensor)).toBe(tensor);
    expect((check(float32, { x: tensor }) as { x: unknown }).x).toBe(tensor);
    expect(() => check(float32, { x: { ...tensor, dtype: "int32" } })).toThrow(
      refused(/^input\.x: got "a tensor of int32"/),
    );
  });

  it("is refused where it does not fit", () => {
    expect(() => check(float32, [1, 2, 3])).toThrow(refused(/^input\.length: got 3/));
    expect(() => check(float32, { X: [1, 2] })).toThrow(refused(/^input: got no "x" \(there is "X"\)/));
  });
});

describe("an input for columns", () => {
  const signature: Signature = {
    inputs: [
      { name: "n", type: "long", required: true },
      { name: "f", type: "float", required: false },
      { name: "when", type: "datetime", required: false },
      { name: "tags", type: "map", values: { type: "long" }, required: false },
    ],
  };

  it("is cast, and what may be missing is null or NaN", () => {
    expect(check(signature, [{ n: 1n, f: 0.1, when: "2024-01-02", tags: { a: 1 }, more: 1 }, { n: 2 }])).toEqual([
      { n: 1, f: Math.fround(0.1), when: new Date("2024-01-02T00:00:00Z"), tags: { a: 1 } },
      { n: 2, f: Number.NaN, when: null, tags: null },
    ]);
    expect(check(signature, { n: 1 })).toEqual({ n: 1, f: Number.NaN, when: null, tags: null });
  });

  it("has whole numbers of 32 bits, and null where they may be missing", () => {
    const inputs: NonNullable<Signature["inputs"]> = [{ name: "i", type: "integer", required: false }];
    expect(check({ inputs }, [{ i: 2 ** 31 - 1 }, { i: -(2 ** 31) }, { i: null }])).toEqual([
      { i: 2 ** 31 - 1 },
      { i: -(2 ** 31) },
      { i: null },
    ]);
    expect(() => check({ inputs }, [{ i: 2 ** 31 }])).toThrow(
      refused(/^input\[0\]\.i: got 2147483648; expected integer/),
    );
  });

  it("stays lists or arrays by name", () => {
    const numbers: Signature = {
      inputs: [
        { name: "n", type: "long", required: true },
        { name: "f", type: "float", required: true },
        { name: "s", type: "string", required: true },
      ],
    };
    expect(check(numbers, { n: [1n, 2], f: [0.5, 1], s: ["a", "b"] })).toEqual({
      n: [1, 2],
      f: [0.5, 1],
      s: ["a", "b"],
    });
    expect(check(numbers, { n: Int32Array.of(1), f: Float64Array.of(0.1), s: { data: ["a"], dims: [1] } })).toEqual({
      n: BigInt64Array.of(1n),
      f: Float32Array.of(0.1),
      s: ["a"],
    });
  });

  it("stays a matrix", () => {
    const matrix = [[1, 2]];
    expect(
      check(
        {
          inputs: [
            { type: "long", required: true },
            { type: "float", required: true },
          ],
        },
        matrix,
      ),
    ).toBe(matrix);
  });

  it.each([
    ["n", "1", /^input\.n: got "1"; expected long/],
    ["when", 5, /^input\.when: got 5; expected datetime/],
    ["when", "soon", /^input\.when: got "soon"/],
    ["tags", [1], /^input\.tags: got an array of 1; expected an object/],
    ["tags", { a: "x" }, /^input\.tags\.a: got "x"; expected long/],
  ])("is refused where %s is %o", (name, value, message) => {
    expect(() => check(signature, { n: 1, [name]: value })).toThrow(refused(message));
  });

  it.each<[string, object, unknown, unknown]>([
    ["binary", { type: "binary" }, Uint8Array.of(1), Uint8Array.of(1)],
    ["boolean", { type: "boolean" }, 1, true],
    ["any", { type: "any" }, { deep: [1] }, { deep: [1] }],
    ["array", { type: "array", items: { type: "double" } }, Float32Array.of(1), [1]],
    ["array of any", { type: "array", items: { type: "any" } }, null, null],
    ["map", { type: "map", values: { type: "array", items: { type: "long" } } }, { a: [1n] }, { a: [1] }],
    [
      "object",
      { type: "object", properties: { a: { type: "long", required: true }, b: { type: "double", required: false } } },
      { a: 1n },
      { a: 1 },
    ],
  ])("takes %s", (_, type, value, expected) => {
    const inputs = [{ name: "x", required: true, ...type }] as NonNullable<Signature["inputs"]>;
    expect(check({ inputs }, [{ x: value }])).toEqual([{ x: expected }]);
  });
});
