import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TidemarkError } from "../../../../src/base/errors.ts";
import type { ColumnSpec } from "../../../../src/mlmodel/column-type-schema.ts";
import type { Signature, TensorSpec } from "../../../../src/mlmodel/signature-schema.ts";
import { InputPlan } from "../../../../src/models/predict/input-plan.ts";
import type { TensorPort } from "../../../../src/models/predict/ports.ts";
import type { PredictInput } from "../../../../src/models/predict/predict-types.ts";
import { anySignature } from "../../../support/signatures.ts";

const port = (name: string, dtype: string, shape?: readonly number[]): TensorPort => ({ name, dtype, shape });
const tensor = (name: string | undefined, dtype: string, shape: number[]): TensorSpec => ({
  ...(name === undefined ? {} : { name }),
  type: "tensor",
  "tensor-spec": { dtype, shape },
});
const columns = (...specs: readonly [string, ColumnSpec["type"], boolean?][]): Signature => ({
  inputs: specs.map(([name, type, required = true]) => ({ name, type, required }) as ColumnSpec),
});

const MLP = new InputPlan(undefined, [port("x", "float32", [-1, 4])]);
const TWO = new InputPlan(undefined, [port("x", "float32", [-1, 2]), port("ids", "int64", [-1])]);

/** The tensors of an input that a compiler would refuse. */
const tensorsOf = (plan: InputPlan, input: unknown) => plan.encode(input as PredictInput).tensors;
const one = (dtype: string, input: unknown, shape: readonly number[] = [-1]) =>
  tensorsOf(new InputPlan(undefined, [port("x", dtype, shape)]), input).x;

const refused = (message: string | RegExp) =>
  expect.objectContaining({
    code: "INVALID_PARAMETER_VALUE",
    message: typeof message === "string" ? message : expect.stringMatching(message),
  });

describe("a tensor", () => {
  const values = Float32Array.of(1, 2, 3, 4);
  const expected = { x: { data: values, dims: [1, 4] } };

  it.each([
    ["a typed array", values, { kind: "tensor", terms: "typed" }],
    ["nested arrays", [[1, 2, 3, 4]], { kind: "tensor", terms: "nested" }],
    ["nested arrays with typed ones innermost", [values], { kind: "tensor", terms: "nested" }],
    ["a flat list: one example", [1, 2, 3, 4], { kind: "tensor", terms: "nested" }],
    ["data and dims", { data: values, dims: [1, 4] }, { kind: "tensor", terms: "shaped" }],
    ["data and dims of one axis", { data: [1, 2, 3, 4], dims: [4] }, { kind: "tensor", terms: "shaped" }],
    [
      "a tensor of TensorFlow.js",
      { shape: [1, 4], dtype: "float32", dataSync: () => values },
      { kind: "tensor", terms: "shaped" },
    ],
    ["a name and a typed array", { x: values }, { kind: "named", terms: "typed" }],
    ["a name and nested arrays", { x: [[1, 2, 3, 4]] }, { kind: "named", terms: "nested" }],
    ["a name, data and dims", { x: { data: values, dims: [1, 4] } }, { kind: "named", terms: "shaped" }],
    ["rows with a list", [{ x: [1, 2, 3, 4] }], { kind: "rows", rowCount: 1 }],
    ["rows with a column for each value", [{ a: 1, b: 2, c: 3, d: 4 }], { kind: "rows", rowCount: 1 }],
    ["one row", { a: 1, b: 2, c: 3, d: 4 }, { kind: "row", rowCount: 1 }],
  ])("may be %s", (_, input, form) => {
    const encoded = MLP.encode(input as PredictInput);
    expect(encoded.tensors).toEqual(expected);
    expect(encoded.form).toMatchObject(form);
  });

  it("that is right is not copied", () => {
    const shaped = { data: values, dims: [1, 4] };
    expect(tensorsOf(MLP, values).x?.data).toBe(values);
    expect(tensorsOf(MLP, shaped).x).toBe(shaped);
    expect(tensorsOf(MLP, { x: shaped }).x).toBe(shaped);
    expect(tensorsOf(MLP, { x: values }).x?.data).toBe(values);
    const ids = BigInt64Array.of(5n);
    expect(tensorsOf(TWO, { x: Float32Array.of(1, 2), ids }).ids?.data).toBe(ids);
  });

  it("is as many examples as its length says", () => {
    expect(tensorsOf(MLP, new Float32Array(12)).x?.dims).toEqual([3, 4]);
    expect(tensorsOf(MLP, new Float32Array(0)).x?.dims).toEqual([0, 4]);
    expect(tensorsOf(MLP, [1, 2, 3, 4, 5, 6, 7, 8]).x?.dims).toEqual([2, 4]);
    expect(one("float32", new Float32Array(6), [2, -1])?.dims).toEqual([2, 3]);
    expect(one("float32", new Float32Array(8), [-1, 2, 2])?.dims).toEqual([2, 2, 2]);
    expect(one("float32", new Float32Array(1), [1, 1])?.dims).toEqual([1, 1]);
  });

  it("is as it is where the model says nothing of its shape", () => {
    const plan = new InputPlan(undefined, [port("x", "float32")]);
    expect(tensorsOf(plan, [[1], [2]]).x?.dims).toEqual([2, 1]);
    expect(tensorsOf(plan, Float32Array.of(1)).x?.dims).toEqual([1]);
  });

  it("is empty, or refused, where the model has an axis without places", () => {
    const plan = new InputPlan(undefined, [port("x", "float32", [-1, 0])]);
    expect(tensorsOf(plan, new Float32Array(0)).x?.dims).toEqual([0, 0]);
    expect(() => tensorsOf(plan, Float32Array.of(1))).toThrow(
      "input.length: got 1; expected 0 values, for the shape any x 0",
    );
  });

  it.each([
    [
      "a length that fits no examples",
      new Float32Array(6),
      "input.length: got 6; expected a multiple of 4 values, for the shape any x 4",
    ],
    ["other axes", [[1, 2, 3]], 'input.shape: got "1 x 3"; expected any x 4'],
    [
      "dims that are not its size",
      { data: values, dims: [2, 4] },
      /^input\.dims: got "2 x 4"; expected lengths of 4 values/,
    ],
    ["dims below 0", { data: values, dims: [-1, -4] }, /^input\.dims/],
    ["lists of different lengths", [[1, 2, 3, 4], [5]], /^input\[1\]: got an array of 1; expected 4 values/],
    ["a value among lists", [[1, 2, 3, 4], 5], /^input\[1\]: got 5; expected a list/],
    ["a text", [[1, 2, "3", 4]], 'input[0][2]: got "3"; expected float32 (numbers)'],
    ["a hole", [[1, 2, undefined, 4]], /^input\[0\]\[2\]: got undefined/],
    [
      "a tensor that is disposed",
      {
        shape: [4],
        dtype: "float32",
        dataSync: () => {
          throw new Error("disposed");
        },
      },
      /disposed/,
    ],
    ["complex numbers", { shape: [4], dtype: "complex64", dataSync: () => values }, /complex/],
    [
      "a tensor on a GPU",
      {
        dims: [1, 4],
        location: "gpu-buffer",
        get data() {
          throw new Error("not on CPU");
        },
      },
      /not on CPU/,
    ],
    ["data that is none", { data: "abcd", dims: [4] }, /^input\.data/],
    ["another name", { y: [1, 2, 3, 4] }, 'input: got no "x"; expected "x"'],
    ["one name too many", { x: values, y: values }, 'input: got "y"; expected only "x"'],
    ["null", null, "input: got null; expected a tensor, named tensors, rows, or one row"],
    ["a number", 4, /^input: got 4/],
    ["a Map", new Map(), /^input: got a Map object/],
    ["rows among which is none", [{ a: 1, b: 2, c: 3, d: 4 }, 5], /^input\[1\]: got 5; expected an object/],
    ["rows of too few columns", [{ a: 1, b: 2 }], /^input\.columns\.length: got 2; expected 4/],
    ["rows without columns", [{}], /^input/],
  ])("of %s is refused", (_, input, message) => {
    expect(() => tensorsOf(MLP, input)).toThrow(refused(message));
  });

  it("with more open axes than one needs its shape", () => {
    expect(() => one("float32", new Float32Array(4), [-1, -1])).toThrow(refused(/dims/));
    expect(one("float32", [[1, 2]], [-1, -1])?.dims).toEqual([1, 2]);
  });

  it("for a fixed number of examples is of these", () => {
    expect(() => one("float32", [[1], [2]], [1, 1])).toThrow(refused('input.shape: got "2 x 1"; expected 1 x 1'));
    expect(() => one("float32", new Float32Array(3), [2, 1])).toThrow(
      refused(/^input\.length: got 3; expected 2 values/),
    );
    expect(() => one("float32", [{ x: 1 }, { x: 2 }], [1, 1])).toThrow(
      refused(/^input\.x\.length: got 2; expected 1 rows/),
    );
  });

  it("cannot be made of rows that do not fit", () => {
    const rows = [
      {
        x: [
          [1, 2],
          [3, 4],
        ],
      },
    ];
    expect(() => one("float32", rows, [-1, 4, 1])).toThrow(
      refused('input.x.shape: got "1 x 2 x 2"; expected any x 4 x 1'),
    );
    expect(() => one("float32", rows, [])).toThrow(
      refused('input.x: got "rows"; expected a tensor: the model takes a single value'),
    );
    expect(one("float32", [{ x: undefined }, { y: 1 }], [-1, 2])?.data).toEqual(
      Float32Array.of(Number.NaN, Number.NaN, Number.NaN, 1),
    );
    expect(() => tensorsOf(MLP, [{ a: 1, b: [2], c: 3, d: 4 }])).toThrow(
      refused("input[0].b: got an array of 1; expected a single value: the columns are the values of one tensor"),
    );
  });

  it("that holds itself is refused", () => {
    const list: unknown[] = [];
    list.push(list);
    expect(() => tensorsOf(MLP, list)).toThrow(refused(/^input: got an array of 1; expected lists within at most/));
  });
});

describe("values", () => {
  it.each<[string, unknown, unknown]>([
    ["float32", [0.1, 1n, Number.NaN, null], Float32Array.of(0.1, 1, Number.NaN, Number.NaN)],
    ["float32", Float64Array.of(0.1, 2), Float32Array.of(0.1, 2)],
    ["float32", Int32Array.of(1, -2), Float32Array.of(1, -2)],
    ["float32", BigInt64Array.of(1n, -2n), Float32Array.of(1, -2)],
    ["float64", Float32Array.of(0.1), Float64Array.of(Math.fround(0.1))],
    ["float16", [1, 1 + 2 ** -11, -2], Uint16Array.of(0x3c00, 0x3c00, 0xc000)],
    ["float16", Float32Array.of(1), Uint16Array.of(0x3c00)],
    ["float16", Uint16Array.of(0x3c00), Uint16Array.of(0x3c00)],
    ["float16", { data: Uint16Array.of(1), dims: [1], type: "uint16" }, Uint16Array.of(0x3c00)],
    ["float32", { data: Uint16Array.of(0x3c00), dims: [1], type: "float16" }, Float32Array.of(1)],
    ["uint16", { data: Uint16Array.of(0x3c00), dims: [1], type: "float16" }, Uint16Array.of(1)],
    ["uint16", Uint16Array.of(5), Uint16Array.of(5)],
    ["int64", [3, -1n, 2 ** 62, 9_007_199_254_740_993n], BigInt64Array.of(3n, -1n, 2n ** 62n, 9_007_199_254_740_993n)],
    ["int64", Float32Array.of(3, -0), BigInt64Array.of(3n, 0n)],
    ["uint64", [0, 2n ** 64n - 1n], BigUint64Array.of(0n, 2n ** 64n - 1n)],
    ["int32", [2 ** 31 - 1, -(2 ** 31), 5n], Int32Array.of(2 ** 31 - 1, -(2 ** 31), 5)],
    ["uint8", Uint8ClampedArray.of(255, 0), Uint8Array.of(255, 0)],
    ["int8", [-128, 127], Int8Array.of(-128, 127)],
    ["uint32", [2 ** 32 - 1], Uint32Array.of(2 ** 32 - 1)],
    ["bool", [true, false, 0, 1, 1n], Uint8Array.of(1, 0, 0, 1, 1)],
    ["bool", Uint8Array.of(1, 0), Uint8Array.of(1, 0)],
    ["str", ["a", ""], ["a", ""]],
  ])("of %s may be %o", (dtype, input, expected) => {
    expect(one(dtype, input)?.data).toEqual(expected);
  });

  it.each<[string, unknown, string]>([
    ["float32", [true], "input[0]: got true; expected float32 (numbers)"],
    ["float32", ["1"], 'input[0]: got "1"'],
    ["float16", ["1"], 'input[0]: got "1"'],
    ["int64", [1, 3.5], "input[1]: got 3.5; expected int64 (whole numbers from -9223372036854775808 to"],
    ["int64", Float32Array.of(0.5), "input[0]: got 0.5"],
    ["int64", [Number.NaN], "input[0]: got NaN"],
    [
      "int64",
      [null],
      "input[0]: got null; expected int64 (whole numbers from -9223372036854775808 to 9223372036854775807); a tensor of it has no null",
    ],
    ["int64", [2 ** 63], "input[0]: got 9223372036854776000"],
    ["int64", BigUint64Array.of(2n ** 63n), "input[0]: got 9223372036854775808n"],
    ["uint64", [-1n], "input[0]: got -1n"],
    ["int32", [2 ** 31], "input[0]: got 2147483648; expected int32 (whole numbers from -2147483648 to 2147483647)"],
    ["uint8", [-1], "input[0]: got -1"],
    ["int8", [Number.POSITIVE_INFINITY], "input[0]: got Infinity"],
    ["bool", [2], "input[0]: got 2; expected bool (true, false, 0 or 1)"],
    ["bool", Uint8Array.of(1, 2), "input[1]: got 2"],
    ["str", ["a", 1], "input[1]: got 1; expected str (texts)"],
    ["str", [null], "input[0]: got null"],
  ])("of %s may not be %o", (dtype, input, message) => {
    expect(() => one(dtype, input)).toThrow(refused(new RegExp(`^${message.replace(/[()[\].]/g, "\\$&")}`)));
  });

  it("are refused with their place", () => {
    expect(() =>
      one(
        "int32",
        [
          [
            [1, 2],
            [3, 4.5],
          ],
        ],
        [-1, 2, 2],
      ),
    ).toThrow(refused(/^input\[0\]\[1\]\[1\]: got 4.5/));
    expect(() => tensorsOf(TWO, { x: [[1, 2]], ids: [1.5] })).toThrow(refused(/^input\.ids\[0\]: got 1.5/));
    const rows = [
      { x: [1, 2], ids: 1 },
      { x: [3, "4"], ids: 2 },
    ];
    expect(() => tensorsOf(TWO, rows)).toThrow(refused(/^input\[1\]\.x\[1\]: got "4"/));
    expect(() => tensorsOf(MLP, { a: 1, b: 2, c: "old", d: 4 })).toThrow(refused(/^input\.c: got "old"/));
  });

  it("of a type that JavaScript has no array for are handed on", () => {
    const data = Uint8Array.of(1, 2);
    expect(one("bfloat16", { data, dims: [2] })?.data).toBe(data);
  });
});

describe("several tensors", () => {
  it("are given by name, in any order", () => {
    const encoded = TWO.encode({ ids: [7], x: [[1, 2]] });
    expect(encoded.tensors).toEqual({
      x: { data: Float32Array.of(1, 2), dims: [1, 2] },
      ids: { data: BigInt64Array.of(7n), dims: [1] },
    });
  });

  it("are given as rows, a column for each", () => {
    const { tensors, form } = TWO.encode([
      { ids: 7, x: [1, 2], more: "left out" },
      { ids: 8n, x: Float32Array.of(3, 4) },
    ]);
    expect(tensors).toEqual({
      x: { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] },
      ids: { data: BigInt64Array.of(7n, 8n), dims: [2] },
    });
    expect(form).toMatchObject({ kind: "rows", rowCount: 2 });
  });

  it("are all missing at once, each with the name that was meant", () => {
    expect(() => tensorsOf(TWO, { X: [[1, 2]], id: [1] })).toThrow(
      refused('input: got no "x" (there is "X"), "ids" (there is "id"); expected "x", "ids"'),
    );
    expect(() => tensorsOf(TWO, [{ X: [1, 2] }])).toThrow(refused(/^input: got no "x" \(there is "X"\), "ids"/));
  });

  it("are not taken for another that is there", () => {
    const plan = new InputPlan(undefined, [port("x1", "float32", [-1]), port("x2", "float32", [-1])]);
    expect(() => tensorsOf(plan, { x1: [1] })).toThrow(refused('input: got no "x2"; expected "x1", "x2"'));
  });

  it("are not one", () => {
    expect(() => tensorsOf(TWO, [[1, 2]])).toThrow(refused(/"x", "ids"/));
    expect(() => tensorsOf(TWO, Float32Array.of(1, 2))).toThrow(refused(/by name/));
  });

  it("have lists of one length in a column", () => {
    expect(() =>
      tensorsOf(TWO, [
        { x: [1, 2], ids: 1 },
        { x: [1], ids: 2 },
      ]),
    ).toThrow(refused(/^input\[1\]\.x: /));
  });

  it("that are flat are of as many examples as the others", () => {
    expect(tensorsOf(TWO, { x: Float32Array.of(1, 2, 3, 4), ids: BigInt64Array.of(1n, 2n) }).x?.dims).toEqual([2, 2]);
    const message = 'input.x: got "values of 1 examples"; expected those of 2, as "ids" has';
    expect(() => tensorsOf(TWO, { x: [1, 2], ids: [3, 4] })).toThrow(refused(message));
    expect(() => tensorsOf(TWO, { x: Float32Array.of(1, 2), ids: BigInt64Array.of(1n, 2n) })).toThrow(refused(message));
    // With their shape beside they are what they are.
    expect(tensorsOf(TWO, { x: [[1, 2]], ids: [3, 4] }).ids?.dims).toEqual([2]);
  });

  it("may have any names but one", () => {
    const plan = new InputPlan(undefined, [port("constructor", "float32", [-1]), port("a.b/c:0", "float32", [-1])]);
    expect(tensorsOf(plan, { constructor: [1], "a.b/c:0": [2] })).toEqual({
      constructor: { data: Float32Array.of(1), dims: [1] },
      "a.b/c:0": { data: Float32Array.of(2), dims: [1] },
    });
    expect(() => tensorsOf(plan, { "a.b/c:0": [2] })).toThrow(refused(/"constructor"/));
    expect(() => new InputPlan(undefined, [port("__proto__", "float32")])).toThrow(refused(/^ports/));
  });
});

describe("a signature of tensors", () => {
  it("says what the runtime leaves open", () => {
    const plan = new InputPlan({ inputs: [tensor("x", "float32", [-1, 2])] }, [port("x", "float32", [-1, -1])]);
    expect(tensorsOf(plan, Float32Array.of(1, 2)).x?.dims).toEqual([1, 2]);
    expect(() => tensorsOf(plan, [[1]])).toThrow(refused(/any x 2/));
  });

  it("refuses what the runtime would take", () => {
    const plan = new InputPlan({ inputs: [tensor("x", "int64", [-1])] }, [port("x", "float32", [-1])]);
    expect(tensorsOf(plan, [1, 2])).toEqual({ x: { data: Float32Array.of(1, 2), dims: [2] } });
    expect(() => tensorsOf(plan, Float32Array.of(1.5))).toThrow(refused(/^input\[0\]: got 1.5; expected int64/));
  });

  it("of float64 goes into a model of float32, as in MLflow", () => {
    const plan = new InputPlan({ inputs: [tensor(undefined, "float64", [-1])] }, [port("x", "float32", [-1])]);
    expect(tensorsOf(plan, [0.1]).x?.data).toEqual(Float32Array.of(0.1));
  });

  it("names the input of a model that has one", () => {
    const plan = new InputPlan({ inputs: [tensor("input", "float32", [-1])] }, [port("serving_x:0", "float32", [-1])]);
    expect(tensorsOf(plan, { input: [1] })).toEqual({ "serving_x:0": { data: Float32Array.of(1), dims: [1] } });
  });

  it("takes rows whose columns are the values of the one tensor, and no others", () => {
    const plan = new InputPlan({ inputs: [tensor("x", "float32", [-1, 2])] }, [port("x", "float32", [-1, 2])]);
    expect(tensorsOf(plan, [{ b: 1, a: 2 }]).x).toEqual({ data: Float32Array.of(1, 2), dims: [1, 2] });
    expect(tensorsOf(plan, [{ x: [1, 2], more: 3 }]).x?.dims).toEqual([1, 2]);
    expect(() => tensorsOf(plan, [{ a: 1, b: 2, c: 3 }])).toThrow(refused(/^input: got no "x"/));
  });

  it("of objects says nothing of their type", () => {
    const plan = new InputPlan({ inputs: [tensor("x", "object", [-1])] }, [port("x", "str", [-1])]);
    expect(tensorsOf(plan, ["a"]).x?.data).toEqual(["a"]);
  });
});

describe("a signature of columns", () => {
  const people = new InputPlan(columns(["age", "double"], ["visits", "long"], ["score", "double", false]), [
    port("x", "float32", [-1, 3]),
  ]);

  it("orders the columns, and leaves out what it does not know", () => {
    const rows = [{ visits: 3, more: "x", age: 40.5, score: 1 }];
    expect(tensorsOf(people, rows)).toEqual({ x: { data: Float32Array.of(40.5, 3, 1), dims: [1, 3] } });
  });

  it("takes lists by name, and a matrix in its order", () => {
    const expected = { x: { data: Float32Array.of(1, 2, 3, 4, 5, 6), dims: [2, 3] } };
    const named = people.encode({ age: [1, 4], visits: Int32Array.of(2, 5), score: [3, 6] });
    expect(named.tensors).toEqual(expected);
    expect(named.form).toMatchObject({ kind: "named" });
    expect(
      tensorsOf(people, [
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ).toEqual(expected);
    expect(tensorsOf(people, Float64Array.of(1, 2, 3, 4, 5, 6))).toEqual(expected);
    expect(people.encode([]).tensors).toEqual({ x: { data: new Float32Array(), dims: [0, 3] } });
  });

  it("has NaN for an optional column of floats that is not there", () => {
    expect(tensorsOf(people, { age: 1, visits: 2 }).x?.data).toEqual(Float32Array.of(1, 2, Number.NaN));
    expect(tensorsOf(people, [{ age: null, visits: 2 }]).x?.data).toEqual(Float32Array.of(Number.NaN, 2, Number.NaN));
  });

  it.each([
    ["a text for a number", { age: "old", visits: 1 }, /^input\.age: got "old"; expected double$/],
    ["a fraction for a whole number", [{ age: 1, visits: 3.5 }], /^input\[0\]\.visits: got 3.5; expected long/],
    ["null for a whole number", [{ age: 1, visits: null }], /^input\[0\]\.visits: got null; expected long/],
    [
      "missing columns",
      [{ Age: 1 }],
      /^input: got no "age" \(there is "Age"\), "visits"; expected "age", "visits", "score"$/,
    ],
    ["a matrix of other width", [[1, 2]], /a column for each of the 3/],
    ["columns of different lengths", { age: [1], visits: [1, 2] }, /^input\.visits\.length: got 2; expected 1/],
    ["null", null, /^input: got null/],
  ])("refuses %s", (_, input, message) => {
    expect(() => tensorsOf(people, input)).toThrow(refused(message));
  });

  it("gives each input of a model its column", () => {
    const plan = new InputPlan(columns(["name", "string"], ["n", "integer"], ["ok", "boolean"], ["v", "float"]), [
      port("v", "float32", [-1, 1]),
      port("name", "str", [-1, 1]),
      port("ok", "bool", [-1]),
      port("n", "int64"),
    ]);
    expect(
      tensorsOf(plan, [
        { name: "a", n: 1, ok: true, v: 0.5 },
        { name: "b", n: 2, ok: false, v: 1.5 },
      ]),
    ).toEqual({
      v: { data: Float32Array.of(0.5, 1.5), dims: [2, 1] },
      name: { data: ["a", "b"], dims: [2, 1] },
      ok: { data: Uint8Array.of(1, 0), dims: [2] },
      n: { data: BigInt64Array.of(1n, 2n), dims: [2] },
    });
    expect(() => tensorsOf(plan, [{ name: null, n: 1, ok: true, v: 1 }])).toThrow(
      refused("input[0].name: got null; expected str (texts); a tensor of it has no null"),
    );
  });

  it("gives a column of lists as a tensor", () => {
    const signature: Signature = {
      inputs: [{ name: "image", type: "array", items: { type: "long" }, required: true }],
    };
    const plan = new InputPlan(signature, [port("pixels", "uint8", [-1, 2, 2])]);
    expect(tensorsOf(plan, { image: [1, 2, 3, 4] })).toEqual({
      pixels: { data: Uint8Array.of(1, 2, 3, 4), dims: [1, 2, 2] },
    });
    expect(() => tensorsOf(plan, [{ image: [1, 2, 3] }])).toThrow(refused(/^input\.image\.length: got 3; expected 4/));
    expect(() => tensorsOf(plan, [{ image: [1, 2, 3, 256] }])).toThrow(refused(/^input\[0\]\.image\[3\]: got 256/));
  });

  it("without names takes the columns by their place", () => {
    const plan = new InputPlan(
      {
        inputs: [
          { type: "double", required: true },
          { type: "double", required: true },
        ],
      },
      [port("x", "float32", [-1, 2])],
    );
    expect(tensorsOf(plan, [{ b: 1, a: 2, more: 3 }]).x?.data).toEqual(Float32Array.of(1, 2));
    expect(() => tensorsOf(plan, [{ b: 1 }])).toThrow(refused(/"1"/));
  });
});

const FLOATS = fc.double({ noDefaultInfinity: true });
const CASES = {
  float32: { value: FLOATS, make: (values: number[]) => new Float32Array(values) },
  float64: { value: FLOATS, make: (values: number[]) => new Float64Array(values) },
  int32: { value: fc.integer(), make: (values: number[]) => new Int32Array(values) },
  uint8: { value: fc.nat(255), make: (values: number[]) => new Uint8Array(values) },
  int64: { value: fc.maxSafeInteger(), make: (values: number[]) => BigInt64Array.from(values.map(BigInt)) },
  bool: { value: fc.nat(1), make: (values: number[]) => new Uint8Array(values) },
} as const;

/** Cuts values into lists, from the last axis on. */
const nested = (values: readonly unknown[], dims: readonly number[]): unknown =>
  dims.slice(1).reduceRight<readonly unknown[]>((list, length) => {
    return Array.from({ length: list.length / length }, (_, index) => list.slice(index * length, (index + 1) * length));
  }, values);

const givenTensors = fc
  .tuple(
    fc.constantFrom(...(Object.keys(CASES) as (keyof typeof CASES)[])),
    fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 }),
  )
  .chain(([dtype, dims]) => {
    const length = dims.reduce((product, axis) => product * axis, 1);
    return fc.record({
      dtype: fc.constant(dtype),
      dims: fc.constant(dims),
      values: fc.array(CASES[dtype].value, { minLength: length, maxLength: length }),
    });
  });

describe("any tensor", () => {
  it("is the same in each of its terms", () => {
    fc.assert(
      fc.property(givenTensors, ({ dtype, dims, values }) => {
        const plan = new InputPlan(undefined, [
          port(
            "x",
            dtype,
            dims.map((length, axis) => (axis === 0 ? -1 : length)),
          ),
        ]);
        const data = CASES[dtype].make(values);
        const expected = { x: { data, dims } };
        const inputs = [data, values, nested(values, dims), { data, dims }, { data: values, dims }];
        for (const input of inputs) {
          expect(tensorsOf(plan, input)).toEqual(expected);
          expect(tensorsOf(plan, { x: input })).toEqual(expected);
        }
        const rows = nested(values, dims) as unknown[];
        expect(
          tensorsOf(
            plan,
            rows.map((x) => ({ x })),
          ),
        ).toEqual(expected);
      }),
    );
  });
});

describe("any input", () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const tensorLike = fc.record({ data: json, dims: json });
  const rows = fc.array(fc.dictionary(fc.constantFrom("x", "y", "z"), json, { noNullPrototype: true }));
  const input = fc.oneof(json, tensorLike, rows, fc.record({ x: json, y: json }), fc.anything());
  const ports = fc.array(
    fc.record({
      name: fc.constantFrom("x", "y", "z"),
      dtype: fc.constantFrom("float32", "float16", "int64", "bool", "str", "bfloat16", "uint16"),
      shape: fc.option(fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 3 }), { nil: undefined }),
    }),
    { maxLength: 3 },
  );

  it("is encoded, or refused with the one error", () => {
    fc.assert(
      fc.property(fc.option(anySignature, { nil: undefined }), ports, input, (signature, ports, input) => {
        const plan = new InputPlan(signature, ports);
        try {
          const { tensors } = plan.encode(input as PredictInput);
          expect(Object.keys(tensors).sort()).toEqual([...new Set(ports.map(({ name }) => name))].sort());
          for (const { data, dims } of Object.values(tensors)) {
            expect(dims.reduce((product, length) => product * length, 1)).toBe(data.length);
          }
        } catch (error) {
          if (!(error instanceof TidemarkError)) throw error;
          expect(error.code).toBe("INVALID_PARAMETER_VALUE");
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
