import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ColumnType } from "../../../src/mlmodel/column-type-schema.ts";
import { formatSignature, parseSignature } from "../../../src/mlmodel/signature.ts";
import type { Signature } from "../../../src/mlmodel/signature-schema.ts";
import { anySignature } from "../../support/signatures.ts";

const tensor = (name: string | undefined, dtype = "float32", shape = [-1, 4]) => ({
  ...(name === undefined ? {} : { name }),
  type: "tensor" as const,
  "tensor-spec": { dtype, shape },
});

describe("a signature", () => {
  it("is the same after it was written and read", () => {
    fc.assert(
      fc.property(anySignature, (signature) => {
        expect(parseSignature("MLmodel", formatSignature(signature))).toEqual(signature);
      }),
    );
  });

  it("is written as Python writes it", () => {
    const type: ColumnType = {
      type: "object",
      properties: { b: { type: "string", required: false }, a: { type: "long", required: true } },
    };
    expect(
      formatSignature({
        inputs: [{ name: "é", type: "array", items: { type: "map", values: type }, required: false }],
        outputs: [tensor("Y")],
        params: [
          { name: "n", type: "long", default: [1, 2n ** 60n], shape: [-1] },
          { name: "t", type: "double", default: Number.NaN },
        ],
      }),
    ).toEqual({
      inputs:
        '[{"type": "array", "items": {"type": "map", "values": {"type": "object", "properties": {"a": {"type": "long", "required": true}, "b": {"type": "string", "required": false}}}}, "name": "\\u00e9", "required": false}]',
      outputs: '[{"name": "Y", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 4]}}]',
      params:
        '[{"name": "n", "default": [1, 1152921504606846976], "shape": [-1], "type": "long"}, {"name": "t", "default": NaN, "shape": null, "type": "double"}]',
    });
  });

  it("has properties in Python's order, numbers and characters beyond 16 bits too", () => {
    const names = ["9", "\uffee", "10", "b", "\u{1f600}"];
    const properties = Object.fromEntries(names.map((name) => [name, { type: "long" as const, required: true }]));
    const { inputs } = formatSignature({ inputs: [{ type: "object", properties, required: true }] });
    expect([...(inputs ?? "").matchAll(/"([^"]+)": \{"type": "long"/g)].map(([, name]) => name)).toEqual([
      "10",
      "9",
      "b",
      "\\uffee",
      "\\ud83d\\ude00",
    ]);
  });

  it("reads what older versions of MLflow have written", () => {
    expect(
      parseSignature("MLmodel", {
        inputs: '[{"type": "double"}, {"type": "string"}]',
        params: '[{"name": "p", "dtype": "float", "default": 0.5, "shape": null}]',
      }),
    ).toEqual({
      inputs: [
        { type: "double", required: true },
        { type: "string", required: true },
      ],
      params: [{ name: "p", type: "float", default: 0.5 }],
    });
  });

  it("takes columns that pandas has numbered", () => {
    const { inputs } = parseSignature("MLmodel", { inputs: '[{"type": "long", "name": 0, "required": true}]' });
    expect(inputs).toEqual([{ type: "long", name: 0, required: true }]);
  });

  it.each<[string, Signature, string]>([
    ["nothing", {}, "inputs, outputs or params"],
    ["no inputs", { inputs: [] }, "is empty"],
    ["tensors among columns", { inputs: [tensor("a"), { type: "long", name: "b", required: true }] }, "mixed"],
    [
      "names on some",
      {
        inputs: [
          { type: "long", name: "b", required: true },
          { type: "long", required: true },
        ],
      },
      "names",
    ],
    ["tensors without names", { inputs: [tensor(undefined), tensor(undefined)] }, "need names"],
    ["optional columns without names", { inputs: [{ type: "long", required: false }] }, "need names"],
    ["a dtype of another framework", { inputs: [tensor("a", "string")] }, "dtype"],
    ["a length below -1", { inputs: [tensor("a", "bool", [-2])] }, "shape"],
    [
      "an object without properties",
      { inputs: [{ type: "object", properties: {}, name: "a", required: true }] },
      "property",
    ],
    [
      "a param twice",
      { params: [1, 2].map((value) => ({ name: "a", type: "long" as const, default: value })) },
      "twice",
    ],
    ["a default of another type", { params: [{ name: "a", type: "long", default: 1.5 }] }, "is no long"],
    ["a default beyond 32 bits", { params: [{ name: "a", type: "integer", default: 2 ** 31 }] }, "is no integer"],
    ["a default beyond 64 bits", { params: [{ name: "a", type: "long", default: 2n ** 63n }] }, "is no long"],
    ["a list that is none", { params: [{ name: "a", type: "string", default: "b", shape: [-1] }] }, "is no list"],
  ])("with %s is refused, and said why", (_, signature, problem) => {
    expect(() => formatSignature(signature)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message: expect.stringContaining(problem) }),
    );
  });

  it.each([
    ["no JSON", "[{"],
    ["no list", '{"type": "long"}'],
    ["an unknown type", '[{"type": "quaternion", "name": "a"}]'],
    ["a key that is more than a key", '[{"type": "object", "properties": {"__proto__": {"type": "long"}}}]'],
    ["types within types", `[${'{"type": "array", "items": '.repeat(5_000)}`],
    ["a tensor without a shape", '[{"type": "tensor", "tensor-spec": {"dtype": "float32"}}]'],
  ])("of a file with %s is damaged, with the path", (_, inputs) => {
    expect(() => parseSignature("models/m-1/MLmodel", { inputs })).toThrow(
      expect.objectContaining({
        code: "DATA_DAMAGED",
        message: expect.stringContaining("models/m-1/MLmodel: signature"),
      }),
    );
  });
});
