import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TidemarkError } from "../../../../src/base/errors.ts";
import type { Signature } from "../../../../src/mlmodel/signature-schema.ts";
import { parseServingInput } from "../../../../src/models/serving/serving-input.ts";
import { anySignature } from "../../../support/signatures.ts";

const refused = (message: string | RegExp) =>
  expect.objectContaining({
    code: "INVALID_PARAMETER_VALUE",
    message: typeof message === "string" ? message : expect.stringMatching(message),
  });

const columns = (types: Readonly<Record<string, string>>): Signature => ({
  inputs: Object.entries(types).map(([name, type]) => ({ name, type, required: true })) as NonNullable<
    Signature["inputs"]
  >,
});
const json = (text: string, signature?: Signature) => parseServingInput("json", text, signature);
const csv = (text: string, signature?: Signature) => parseServingInput("csv", text, signature).input;

describe("a body of JSON", () => {
  it.each([
    ["inputs", '{"inputs": [[1, 2]]}', [[1, 2]]],
    ["named inputs", '{"inputs": {"x": [1], "y": ["a"]}}', { x: [1], y: ["a"] }],
    ["a single value", '{"inputs": 5}', { data: [5], dims: [] }],
    [
      "instances",
      '{"instances": [[1, 2], [3, 4]]}',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [
      "named instances: lists by name",
      '{"instances": [{"x": [1], "y": 2}, {"x": [3], "y": 4}]}',
      { x: [[1], [3]], y: [2, 4] },
    ],
    [
      "a table by its columns",
      '{"dataframe_split": {"columns": ["a", "b"], "index": [5], "data": [[1, "x"]]}}',
      [{ a: 1, b: "x" }],
    ],
    ["a table without names", '{"dataframe_split": {"data": [[1, 2]]}}', [{ 0: 1, 1: 2 }]],
    ["a table of one column", '{"dataframe_split": {"columns": ["a"], "data": [1, 2]}}', [{ a: 1 }, { a: 2 }]],
    ["a table by its rows", '{"dataframe_records": [{"a": 1}, {"b": null}]}', [{ a: 1 }, { b: null }]],
    ["no rows", '{"dataframe_records": []}', []],
    ["other members, which are left out", '{"inputs": [1], "client_request_id": "x"}', [1]],
    ["numbers that JSON does not have", '{"inputs": [NaN, -Infinity]}', [Number.NaN, Number.NEGATIVE_INFINITY]],
    ["whole numbers of 64 bits", '{"inputs": [9223372036854775807, 1]}', [2n ** 63n - 1n, 1]],
  ])("has %s", (_, text, input) => {
    expect(json(text)).toEqual({ input });
  });

  it("has params beside", () => {
    expect(json('{"inputs": [1], "params": {"a": 9223372036854775807}}')).toEqual({
      input: [1],
      params: { a: 2n ** 63n - 1n },
    });
    expect(json('{"inputs": [1], "params": null}')).toEqual({ input: [1] });
  });

  it.each([
    ["no JSON", '{"inputs"', /^body: is not JSON/],
    ["a list", "[1]", /^body: got an array of 1; expected an object with exactly one of inputs, instances/],
    ["no input", '{"input": [1]}', /^body: got "input"; expected an object with exactly one of/],
    [
      "two inputs",
      '{"inputs": [1], "instances": [1]}',
      'body: got "inputs and instances"; expected an object with exactly one of inputs, instances, dataframe_split, dataframe_records',
    ],
    ["params that are none", '{"inputs": [1], "params": [1]}', "params: got an array of 1; expected an object"],
    ["null", '{"inputs": null}', /^inputs: got null/],
    ["a key that is more than a key", '{"inputs": {"__proto__": [1]}}', /__proto__/],
    ["lists within lists without end", `{"inputs": ${"[".repeat(100_000)}`, /nested more than 100/],
    ["records that are none", '{"dataframe_records": {"a": 1}}', /^dataframe_records: got an object/],
    ["a record that is none", '{"dataframe_records": [1]}', /^dataframe_records\[0\]: got 1/],
    ["a table that is none", '{"dataframe_split": [1]}', /^dataframe_split: got an array/],
    ["a table without data", '{"dataframe_split": {"columns": ["a"]}}', /^dataframe_split/],
    ["a table with more", '{"dataframe_split": {"data": [], "dtype": 1}}', /^dataframe_split: got "dtype"/],
    ["data that is none", '{"dataframe_split": {"data": 1}}', /^dataframe_split\.data: got 1/],
    [
      "columns that are none",
      '{"dataframe_split": {"columns": "a", "data": [[1]]}}',
      /^dataframe_split\.columns: got "a"/,
    ],
    [
      "a column that is none",
      '{"dataframe_split": {"columns": [null], "data": [[1]]}}',
      /^dataframe_split\.columns: got null/,
    ],
    ["a column twice", '{"dataframe_split": {"columns": ["a", "a"], "data": [[1, 2]]}}', /^dataframe_split\.columns/],
    [
      "a row of another length",
      '{"dataframe_split": {"columns": ["a"], "data": [[1], [1, 2]]}}',
      /^dataframe_split\.data\[1\]: got an array of 2; expected 1/,
    ],
    ["labels for other rows", '{"dataframe_split": {"index": [1, 2], "data": [[1]]}}', /^dataframe_split\.index/],
    ["instances that lack a name", '{"instances": [{"x": 1}, {"y": 1}]}', /^instances\[1\]\.x/],
  ])("with %s is refused", (_, text, message) => {
    expect(() => json(text)).toThrow(refused(message));
  });

  it("longer than a string can be twice is refused", () => {
    expect(() => json(" ".repeat(100 * 1024 * 1024 + 1))).toThrow(refused(/^body: got "104857601 characters"/));
  });
});

describe("a body for a signature of columns", () => {
  const two = columns({ a: "double", b: "string" });

  it.each([
    [
      "lists by name",
      '{"inputs": {"a": [1, 2], "b": ["x", "y"]}}',
      [
        { a: 1, b: "x" },
        { a: 2, b: "y" },
      ],
    ],
    ["values by name", '{"inputs": {"a": 1, "b": "x"}}', [{ a: 1, b: "x" }]],
    ["objects", '{"inputs": [{"a": 1, "b": "x"}]}', [{ a: 1, b: "x" }]],
    [
      "a matrix",
      '{"inputs": [[1, "x"], [2, "y"]]}',
      [
        { a: 1, b: "x" },
        { a: 2, b: "y" },
      ],
    ],
    ["instances", '{"instances": [{"a": 1, "b": "x"}]}', [{ a: 1, b: "x" }]],
    ["nothing", '{"inputs": []}', []],
  ])("is rows: %s", (_, text, input) => {
    expect(json(text, two)).toEqual({ input });
  });

  it.each([
    ["a list", "[1, 2]", [{ a: 1 }, { a: 2 }]],
    ["a column", "[[1], [2]]", [{ a: 1 }, { a: 2 }]],
    ["a value", "1", [{ a: 1 }]],
  ])("of one column may be %s", (_, inputs, input) => {
    expect(json(`{"inputs": ${inputs}}`, columns({ a: "double" }))).toEqual({ input });
  });

  it.each([
    ["[1, 2]", [{ a: [1, 2] }]],
    ["[[1, 2], [3]]", [{ a: [1, 2] }, { a: [3] }]],
    ["[]", [{ a: [] }]],
    ['{"a": [1, 2]}', [{ a: [1, 2] }]],
  ])("of one column of lists may be %s", (inputs, input) => {
    const lists: Signature = { inputs: [{ name: "a", type: "array", items: { type: "double" }, required: true }] };
    expect(json(`{"inputs": ${inputs}}`, lists)).toEqual({ input });
  });

  it.each([
    ['{"inputs": {"a": [1], "b": ["x", "y"]}}', /^inputs\.b: got an array of 2; expected 1 values, as "a" has/],
    ['{"inputs": [[1, "x"], [2]]}', /^inputs\[1\]/],
    ['{"inputs": [1, 2]}', /^inputs\[0\]: got 1/],
  ])("%s is refused", (text, message) => {
    expect(() => json(text, two)).toThrow(refused(message));
  });

  it("has bytes in base64 and dates in ISO 8601, deep down too", () => {
    const signature: Signature = {
      inputs: [
        { name: "bytes", type: "binary", required: true },
        { name: "when", type: "datetime", required: true },
        { name: "list", type: "array", items: { type: "binary" }, required: false },
        { name: "map", type: "map", values: { type: "datetime" }, required: false },
        { name: "object", type: "object", properties: { a: { type: "binary", required: true } }, required: false },
      ],
    };
    const text = `{"dataframe_records": [
      {"bytes": "YWI=\\n", "when": "2024-01-02T03:04:05.678", "list": ["/w=="], "map": {"k": "2024-01-02"}, "object": {"a": "", "b": 1}},
      {"bytes": null, "when": "soon", "list": 5}]}`;
    expect(json(text, signature).input).toEqual([
      {
        bytes: Uint8Array.of(97, 98),
        when: new Date("2024-01-02T03:04:05.678Z"),
        list: [Uint8Array.of(255)],
        map: { k: new Date("2024-01-02T00:00:00Z") },
        object: { a: new Uint8Array(), b: 1 },
      },
      // What is of another form is for the check of the model.
      { bytes: null, when: "soon", list: 5 },
    ]);
    expect(() => json('{"dataframe_records": [{"bytes": "YW"}]}', signature)).toThrow(
      refused('input[0].bytes: got "YW"; expected bytes in base64'),
    );
    expect(() => json('{"dataframe_records": [{"list": ["YQ==", "?"]}]}', signature)).toThrow(
      refused(/^input\[0\]\.list\[1\]/),
    );
  });

  it("knows columns without names by their place", () => {
    const signature: Signature = { inputs: [{ type: "binary", required: true }] };
    expect(json('{"dataframe_split": {"data": [["YQ=="]]}}', signature).input).toEqual([{ 0: Uint8Array.of(97) }]);
  });
});

describe("a body of CSV", () => {
  it("has values of what its cells look like", () => {
    expect(csv("n,x,t,b,m\n1,1.5,a,true,1\n-2,,b,False,x\n")).toEqual([
      { n: 1, x: 1.5, t: "a", b: true, m: "1" },
      { n: -2, x: null, t: "b", b: false, m: "x" },
    ]);
    expect(csv("n\n9007199254740993\n1e3\n+5\n-inf\n")).toEqual([
      { n: 9_007_199_254_740_993n },
      { n: 1000 },
      { n: 5 },
      { n: Number.NEGATIVE_INFINITY },
    ]);
  });

  it("has the types of the signature", () => {
    const signature = columns({ s: "string", n: "double", b: "boolean", d: "datetime", y: "binary", a: "any" });
    expect(csv("s,n,b,d,y,a\n007,1,TRUE,2024-01-02,YQ==,5\nNA,,,,,\n", signature)).toEqual([
      { s: "007", n: 1, b: true, d: new Date("2024-01-02T00:00:00Z"), y: Uint8Array.of(97), a: 5 },
      { s: null, n: null, b: null, d: null, y: null, a: null },
    ]);
    // For the check of the model, which names the place.
    expect(csv("n,b\nold,1\n", signature)).toEqual([{ n: "old", b: "1" }]);
  });

  it("is refused with line and column", () => {
    expect(() => csv('a\n"b')).toThrow(refused(/^body, line 2, column 1/));
  });
});

describe("any body", () => {
  const forms = fc.constantFrom("inputs", "instances", "dataframe_split", "dataframe_records");
  const split = fc.record({ columns: fc.jsonValue(), data: fc.jsonValue() }, { requiredKeys: [] });
  const bodies = fc.oneof(
    fc.string(),
    fc.json(),
    fc.tuple(forms, fc.oneof(fc.jsonValue(), split)).map(([form, value]) => JSON.stringify({ [form]: value })),
  );

  it("is read, or refused with the one error", () => {
    fc.assert(
      fc.property(
        fc.option(anySignature, { nil: undefined }),
        bodies,
        fc.constantFrom("json", "csv"),
        (signature, text, type) => {
          try {
            parseServingInput(type as "json", text, signature);
          } catch (error) {
            if (!(error instanceof TidemarkError)) throw error;
            expect(error.code).toBe("INVALID_PARAMETER_VALUE");
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
