import { describe, expect, it } from "vitest";
import { z } from "zod";
import { inferSignature, type ModelData } from "../../../../src/models/signature/infer-signature.ts";
import { signatureFromZod } from "../../../../src/models/signature/signature-from-zod.ts";

const tensor = (name: string, dtype: string, shape: number[]) => ({
  name,
  type: "tensor",
  "tensor-spec": { dtype, shape },
});

describe("the signature of tensors", () => {
  it.each<[string, ModelData, string, number[]]>([
    ["a typed array", Float32Array.of(1, 2, 3), "float32", [-1]],
    ["64 bits", BigInt64Array.of(1n), "int64", [-1]],
    ["bytes of Node", Buffer.from("abc"), "uint8", [-1]],
    [
      "nested lists",
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      "float32",
      [-1, 3],
    ],
    ["typed arrays in a list", [Int32Array.of(1, 2), Int32Array.of(3, 4)], "int32", [-1, 2]],
    ["bigints", [[1n]], "int64", [-1, 1]],
    ["booleans", [true, false], "bool", [-1]],
    ["texts", [["a"], ["b"]], "str", [-1, 1]],
    ["values with their shape", { data: new Float64Array(12), dims: [3, 2, 2] }, "float64", [-1, 2, 2]],
    ["texts with their shape", { data: ["a", "b"], dims: [1, 2] }, "str", [-1, 2]],
    ["a single value", { data: Float32Array.of(1), dims: [] }, "float32", []],
  ])("from %s", (_, data, dtype, shape) => {
    expect(inferSignature(data)).toEqual({ inputs: [tensor("input", dtype, shape)] });
  });

  it("has the names of named ones, and those that are asked for", () => {
    const named = { ids: BigInt64Array.of(1n), mask: [[true]] };
    expect(inferSignature(named, [0.5], undefined, { outputName: "score" })).toEqual({
      inputs: [tensor("ids", "int64", [-1]), tensor("mask", "bool", [-1, 1])],
      outputs: [tensor("score", "float32", [-1])],
    });
  });

  it.each<[string, unknown, string]>([
    ["lists of different lengths", [[1, 2], [3]], "one length"],
    ["lists of different depths", [[1], 2], "one length"],
    ["values of different types", [1, "a"], "one type"],
    ["no values", [], "with values"],
    ["a shape of another size", { data: [1, 2, 3], dims: [2, 2] }, "number of values"],
    ["no names", {}, "named tensors"],
    ["a function", () => 1, "a tensor"],
  ])("is refused for %s", (_, data, problem) => {
    expect(() => inferSignature(data as ModelData)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(problem) }),
    );
  });
});

describe("the signature of rows", () => {
  it("has a type for each kind of value", () => {
    const rows = [
      { whole: 1, real: 1, text: "a", yes: true, when: new Date(0), bytes: Uint8Array.of(1), big: 1n, list: [1.5] },
      { whole: 2, real: 1.5, text: null, yes: true, when: new Date(0), bytes: Uint8Array.of(1), big: 1n, list: [] },
    ];
    expect(inferSignature(rows).inputs).toEqual([
      { name: "whole", type: "long", required: true },
      { name: "real", type: "double", required: true },
      { name: "text", type: "string", required: false },
      { name: "yes", type: "boolean", required: true },
      { name: "when", type: "datetime", required: true },
      { name: "bytes", type: "binary", required: true },
      { name: "big", type: "long", required: true },
      { name: "list", type: "array", items: { type: "double" }, required: true },
    ]);
  });

  it("makes optional what only some objects have", () => {
    const rows = [{ o: { a: 1, b: { c: "x" } } }, { o: { a: 1.5, d: null } }];
    expect(inferSignature(rows).inputs).toEqual([
      {
        name: "o",
        type: "object",
        required: true,
        properties: {
          a: { type: "double", required: true },
          b: { type: "object", properties: { c: { type: "string", required: true } }, required: false },
          d: { type: "any", required: false },
        },
      },
    ]);
  });

  it("takes one row for a table", () => {
    expect(inferSignature({ a: 1.5, b: "x" }).inputs).toEqual([
      { name: "a", type: "double", required: true },
      { name: "b", type: "string", required: true },
    ]);
  });

  it("names the place of what does not fit", () => {
    expect(() => inferSignature([{ a: { b: 1 } }, { a: { b: "x" } }])).toThrow("inputExample.a.b");
    expect(() => inferSignature([{ a: new Date(Number.NaN) }])).toThrow("inputExample.a");
    expect(() => inferSignature([{ a: Symbol("x") }])).toThrow("inputExample.a");
  });
});

describe("the signature of params", () => {
  it("has their types and defaults", () => {
    const params = {
      n: 5,
      t: 0.5,
      s: "x",
      d: new Date("2024-01-02T03:04:05Z"),
      l: [1, 2.5],
      o: { a: 1 },
      b: 2n ** 60n,
    };
    expect(inferSignature([1], undefined, params).params).toEqual([
      { name: "n", type: "long", default: 5 },
      { name: "t", type: "double", default: 0.5 },
      { name: "s", type: "string", default: "x" },
      { name: "d", type: "datetime", default: "2024-01-02T03:04:05" },
      { name: "l", type: "double", default: [1, 2.5], shape: [-1] },
      { name: "o", type: "object", properties: { a: { type: "long", required: true } }, default: { a: 1 } },
      { name: "b", type: "long", default: 2n ** 60n },
    ]);
  });

  it.each([[null], [[[1]]], [[]], [Uint8Array.of(1)], [{}]])("refuses %j", (value) => {
    expect(() => inferSignature([1], undefined, { p: value })).toThrow("params.p");
  });
});

describe("the signature of a zod object", () => {
  it("has a column for each field", () => {
    const row = z.object({
      number: z.number(),
      int: z.int(),
      oldInt: z.number().int().min(0),
      int32: z.int32(),
      float32: z.float32(),
      big: z.bigint(),
      text: z.string().email().optional(),
      kind: z.enum(["a", "b"]).default("a"),
      one: z.literal(1),
      yes: z.boolean().nullable(),
      when: z.date(),
      list: z.array(z.array(z.number())),
      map: z.record(z.string(), z.boolean()),
      object: z.object({ a: z.string(), b: z.number().optional() }),
      anything: z.unknown(),
      piped: z.string().transform(Number),
    });
    const { inputs, outputs } = signatureFromZod(row, z.object({ score: z.number().readonly() }));
    expect(inputs).toEqual([
      { name: "number", type: "double", required: true },
      { name: "int", type: "long", required: true },
      { name: "oldInt", type: "long", required: true },
      { name: "int32", type: "integer", required: true },
      { name: "float32", type: "float", required: true },
      { name: "big", type: "long", required: true },
      { name: "text", type: "string", required: false },
      { name: "kind", type: "string", required: false },
      { name: "one", type: "long", required: true },
      { name: "yes", type: "boolean", required: false },
      { name: "when", type: "datetime", required: true },
      { name: "list", type: "array", items: { type: "array", items: { type: "double" } }, required: true },
      { name: "map", type: "map", values: { type: "boolean" }, required: true },
      {
        name: "object",
        type: "object",
        properties: { a: { type: "string", required: true }, b: { type: "double", required: false } },
        required: true,
      },
      { name: "anything", type: "any", required: false },
      { name: "piped", type: "string", required: true },
    ]);
    expect(outputs).toEqual([{ name: "score", type: "double", required: true }]);
  });

  it("names the field that MLflow has no type for", () => {
    expect(() => signatureFromZod(z.object({ a: z.array(z.union([z.string(), z.number()])) }))).toThrow("inputs.a[]");
    expect(() => signatureFromZod(z.object({ a: z.enum({ x: 1, y: "b" }) }))).toThrow("inputs.a");
    const endless = z.object({
      get self(): z.ZodOptional<typeof endless> {
        return endless.optional();
      },
    });
    expect(() => signatureFromZod(endless)).toThrow("holds itself");
  });
});
