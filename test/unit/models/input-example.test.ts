import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeInputExample, encodeInputExample } from "../../../src/models/input-example.ts";
import type { ModelData } from "../../../src/models/signature/infer-signature.ts";

const PATH = "model/input_example.json";

function roundTrip(example: ModelData, params?: Record<string, unknown>) {
  const { files, info } = encodeInputExample(example, params);
  return decodeInputExample(PATH, files["input_example.json"] as string, info);
}

describe("an input example", () => {
  it("of one tensor lies as nested lists, and as inputs for a server", () => {
    const { files, info } = encodeInputExample({ data: Float32Array.of(1.5, Number.NaN, 3, 4), dims: [2, 2] });
    expect(files).toEqual({
      "input_example.json": "[[1.5, null], [3, 4]]",
      "serving_input_example.json": '{"inputs": [[1.5, null], [3, 4]]}',
    });
    expect(info).toEqual({
      artifact_path: "input_example.json",
      serving_input_path: "serving_input_example.json",
      type: "ndarray",
    });
  });

  it("of named tensors has their names", () => {
    const { files } = encodeInputExample({ ids: BigInt64Array.of(2n ** 60n), text: [["a"]] });
    expect(files["serving_input_example.json"]).toBe('{"inputs": {"ids": [1152921504606846976], "text": [["a"]]}}');
  });

  it("of rows is a table", () => {
    const rows = [
      { a: 1, t: new Date("2024-01-02T00:00:00.123Z"), b: new Uint8Array(60) },
      { a: Number.NaN, o: { l: [1n, undefined] } },
    ];
    const { files, info } = encodeInputExample(rows);
    const bytes = `${"A".repeat(76)}\\nAAAA\\n`;
    const table = `{"columns": ["a", "t", "b", "o"], "data": [[1, "2024-01-02T00:00:00.123", "${bytes}", null], [null, null, null, {"l": [1, null]}]]}`;
    expect(files).toEqual({
      "input_example.json": table,
      "serving_input_example.json": `{"dataframe_split": ${table}}`,
    });
    expect(info).toMatchObject({ type: "dataframe", pandas_orient: "split" });
  });

  it("holds the params that go with it", () => {
    expect(roundTrip([1, 2], { temperature: 0.5 })).toEqual({
      kind: "tensors",
      data: [1, 2],
      params: { temperature: 0.5 },
    });
  });

  it("is the same after it was written and read", () => {
    const name = fc
      .string({ minLength: 1 })
      .filter((text) => text !== "__proto__" && text !== "data" && text !== "dims");
    const cell = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(name, cell, { minKeys: 1, noNullPrototype: true }), { minLength: 1 }),
        (rows) => {
          const columns = [...new Set(rows.flatMap(Object.keys))];
          expect(roundTrip(rows)).toEqual({
            kind: "rows",
            columns,
            rows: rows.map((row) => columns.map((column) => (Object.hasOwn(row, column) ? row[column] : null))),
          });
        },
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true }), { minLength: 1 }), (values) => {
        expect(roundTrip(Float32Array.from(values))).toEqual({ kind: "tensors", data: values });
      }),
    );
  });

  it("reads tables without names, and NaN, as pandas writes them", () => {
    const info = { artifact_path: "input_example.json", type: "dataframe", pandas_orient: "values" };
    expect(decodeInputExample(PATH, '{"data": [[1, NaN], [2, 3.5]]}', info)).toEqual({
      kind: "rows",
      columns: [0, 1],
      rows: [
        [1, Number.NaN],
        [2, 3.5],
      ],
    });
    expect(decodeInputExample(PATH, '"hello"', { ...info, type: "json_object" })).toEqual({
      kind: "json",
      type: "json_object",
      data: "hello",
    });
  });

  it.each([
    ["no JSON", "{", "ndarray"],
    ["no tensors", "1", "ndarray"],
    ["no table", "[1]", "dataframe"],
    ["rows that are none", '{"data": [1]}', "dataframe"],
    ["rows that are too short", '{"columns": ["a", "b"], "data": [[1]]}', "dataframe"],
    ["columns that are none", '{"columns": "a", "data": [[1]]}', "dataframe"],
  ])("with %s is damaged, with the path", (_, text, type) => {
    expect(() => decodeInputExample(PATH, text, { artifact_path: "input_example.json", type })).toThrow(
      expect.objectContaining({ code: "DATA_DAMAGED", message: expect.stringContaining(PATH) }),
    );
  });

  it("without the params that it ought to have is damaged", () => {
    const info = { artifact_path: "input_example.json", type: "ndarray", params: "true" };
    expect(() => decodeInputExample(PATH, "[1]", info)).toThrow("params");
  });

  it.each([() => 1, {}, [() => 1], [{ a: Symbol("x") }]])("is refused where it has no form: %s", (example) => {
    expect(() => encodeInputExample(example as unknown as ModelData)).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }),
    );
  });
});
