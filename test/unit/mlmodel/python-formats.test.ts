import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pythonFloat } from "../../../src/mlmodel/python/python-float.ts";
import { formatPythonJson, parsePythonJson } from "../../../src/mlmodel/python/python-json.ts";
import { parseYamlMapping } from "../../../src/mlmodel/python/yaml-read.ts";
import { formatYaml } from "../../../src/mlmodel/python/yaml-write.ts";
import { awkwardMapping, awkwardValue } from "../../support/awkward-yaml.ts";

describe("JSON of Python's", () => {
  it("gives back what was put in", () => {
    fc.assert(
      fc.property(awkwardValue, (value) => {
        expect(parsePythonJson(formatPythonJson(value))).toEqual(value);
      }),
    );
  });

  it("reads what JavaScript's own does, alike", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify(value);
        // A key that is refused, and whole numbers that Python has and JavaScript rounds.
        fc.pre(!text.includes('"__proto__"') && !/\d{16}/.test(text));
        expect(parsePythonJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("knows numbers beyond JSON, and leaves texts that look like them alone", () => {
    const text =
      '{"NaN": [NaN, Infinity, -Infinity, 9007199254740993, 9007199254740991.5], "\\u0000NaN": "\\u0000NaN", "b": "\\u0000-Infinity, \\\\"}';
    expect(parsePythonJson(text)).toEqual({
      NaN: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 9007199254740993n, 9007199254740992],
      "\0NaN": "\0NaN",
      b: "\0-Infinity, \\",
    });
    expect(parsePythonJson('["\\u00001"]')).toEqual(["\u00001"]);
  });

  it.each([
    ["a key that is more than a key", '{"a": {"__proto__": {"isAdmin": true}}}', "__proto__"],
    ["lists within lists", "[".repeat(200_000), "levels deep"],
    ["half a text", '{"a": "', "JSON"],
    ["a number of a million digits", "1".repeat(1_000_000), "digits"],
  ])("refuses %s", (_, text, problem) => {
    expect(() => parsePythonJson(text)).toThrow(SyntaxError);
    expect(() => parsePythonJson(text)).toThrow(problem);
  });
});

describe("floats of Python's", () => {
  it("are the same numbers", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(pythonFloat(value))).toBe(value);
      }),
    );
  });

  it.each([
    [1, "1.0"],
    [-0, "-0.0"],
    [1e16, "1e+16"],
    [123456789012345680, "1.2345678901234568e+17"],
    [9007199254740994, "9007199254740994.0"],
    [1e-4, "0.0001"],
    [-1.5e-5, "-1.5e-05"],
    [5e-324, "5e-324"],
  ])("%d is %s", (value, text) => expect(pythonFloat(value)).toBe(text));
});

describe("YAML of Python's", () => {
  it("gives back what was put in", () => {
    fc.assert(
      fc.property(awkwardMapping, (mapping) => {
        expect(parseYamlMapping(formatYaml(mapping))).toEqual(mapping);
      }),
      { numRuns: 500 },
    );
  });

  it("reads unquoted words as YAML 1.1 does", () => {
    const read = parseYamlMapping(
      "a: yes\nb: ~\nc:\nd: 0x1F\ne: 017\nf: 1:30\ng: 1e5\nh: 1.5e+3\ni: .Inf\nj: 2024-01-02\nk: 1_000\nl: -.inf\nm: 0b11\n",
    );
    expect(read).toEqual({
      a: true,
      b: null,
      c: null,
      d: 31,
      e: 15,
      f: 90,
      g: "1e5",
      h: 1500,
      i: Number.POSITIVE_INFINITY,
      j: "2024-01-02",
      k: 1000,
      l: Number.NEGATIVE_INFINITY,
      m: 3,
    });
  });

  it("spells what has not changed as it was", () => {
    const text = "1: 2.0\nchanged: 1.0\ndate: 2024-01-02 03:04:05\nlist:\n- 3.0\n- yes\nnothing: ~\n";
    const read = parseYamlMapping(text);
    expect(formatYaml(read)).toBe(text);
    read.changed = 2;
    expect(formatYaml(read)).toBe(text.replace("changed: 1.0", "changed: 2"));
  });

  it("reads one list in two places, as PyYAML writes it", () => {
    expect(parseYamlMapping("a: &id001\n- 1\nb: *id001\n")).toEqual({ a: [1], b: [1] });
  });

  it("refuses what has no form", () => {
    for (const value of [() => 1, Symbol("a"), new Date(0), new Map()]) {
      expect(() => formatYaml({ value })).toThrow(TypeError);
    }
  });

  const bomb = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 12; level++) {
    bomb.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`);
  }

  it.each([
    ["a bomb of aliases", bomb.join("\n"), "stands for more than"],
    ["a list that holds itself", "a: &a [*a]", "levels deep"],
    ["brackets without an end", `a: ${"[".repeat(200_000)}`, "levels deep"],
    ["lists within lists on one line", `a:\n ${"- ".repeat(5_000)}x`, "levels deep"],
    ["millions of errors", `a: ${"[]".repeat(1_000_000)}`, "parts"],
    ["millions of escapes that are none", `a: "${"\\x".repeat(1_000_000)}"`, "escape"],
    ["a number of a million digits", `a: ${"1".repeat(1_000_000)}`, "digits"],
    ["a key that is more than a key", "a:\n  __proto__:\n    isAdmin: true\n", "__proto__"],
    ["a merge", "a: &a {b: 1}\nc:\n  <<: *a\n", "<<"],
    ["an unknown anchor", "a: *b", "unknown anchor"],
    ["a program", "a: !!python/object/apply:os.system ['true']", "tag"],
    ["a key that is a mapping", "? {a: 1}\n: 2\n", "key that is no text"],
    ["the same key twice", "a: 1\na: 2\n", "not YAML"],
    ["no mapping", "- 1\n", "is not a YAML mapping"],
    ["nothing", "", "is not a YAML mapping"],
    ["bytes that are no text", "\u0000\u0001: {", "not YAML"],
  ])("refuses %s", (_, text, problem) => {
    expect(() => parseYamlMapping(text)).toThrow(problem);
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined();
  });
});
