import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readHistory, readLatest } from "../../../src/fs/metric-history.ts";
import { LineFormatter } from "../../../src/fs/metric-line.ts";
import { type BadLines, PointColumns, parseLines, parsePythonFloat } from "../../../src/fs/metric-parser.ts";
import { bits } from "../../support/python.ts";
import { warnings } from "../../support/warnings.ts";

function parse(text: string) {
  const columns = new PointColumns();
  const bad: BadLines = { count: 0, first: undefined };
  const end = parseLines(text, columns, bad);
  const { steps, timestamps, values } = columns.points();
  return {
    points: Array.from(values, (value, i) => [timestamps[i], bits(value), steps[i]]),
    bad: bad.count,
    rest: text.slice(end),
  };
}

const file = (content: string | Uint8Array) => {
  const path = join(mkdtempSync(join(tmpdir(), "tidemark-")), "loss");
  writeFileSync(path, content);
  return path;
};

const anyDouble = fc.oneof(
  fc.double(),
  fc.double({ min: -1000, max: 1000 }),
  fc.integer().map((n) => n / 1000),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, 1e16, 1e21, -1e16, 2 ** 53, 0.1 + 0.2),
);
const anyPoint = fc.tuple(fc.maxSafeNat(), anyDouble, fc.maxSafeInteger());

describe("lines of a metric file", () => {
  it("are read as they were written, to the last bit", () => {
    fc.assert(
      fc.property(fc.array(anyPoint, { maxLength: 50 }), (points) => {
        const slice = {
          timestamps: Float64Array.from(points, ([timestamp]) => timestamp),
          values: Float64Array.from(points, ([, value]) => value),
          steps: Float64Array.from(points, ([, , step]) => step),
          positions: Uint32Array.from(points, (_, i) => i),
          from: 0,
          to: points.length,
        };
        const expected = points.map(([timestamp, value, step]) => [timestamp, bits(value), step + 0]);
        for (const lineEnd of ["\n", " digits abc\n"]) {
          const lines = new LineFormatter().format(slice, Buffer.from(lineEnd));
          expect(parse(lines.toString())).toEqual({ points: expected, bad: 0, rest: "" });
        }
      }),
    );
  });

  it("look like Python's where Python's repr is short", () => {
    const values = Float64Array.of(1, 0, -0, 0.1, -2.5, 1e15, 123456789012345, Number.NaN, Infinity, -Infinity, 1e16);
    const zeros = new Float64Array(values.length);
    const positions = Uint32Array.from(values, (_, i) => i);
    const slice = { values, timestamps: zeros, steps: zeros, positions, from: 0, to: values.length };
    const lines = new LineFormatter().format(slice, Buffer.from("\n")).toString().trim().split("\n");
    expect(lines.map((line) => line.split(" ")[1])).toEqual(
      "1.0 0.0 -0.0 0.1 -2.5 1000000000000000.0 123456789012345.0 nan inf -inf 10000000000000000".split(" "),
    );
  });

  it("may have the forms of older and newer versions of MLflow", () => {
    const { points, bad } = parse(
      "5 0.5\n6 1e-05 7\n7 1.5 8 name digest\n8 -inf -3\r\n9 NaN 1\n10 1 2\n11 .5 3\n12 5. 4\n13 +1 5\n",
    );
    expect(bad).toBe(0);
    expect(points).toEqual([
      [5, bits(0.5), 0],
      [6, bits(1e-5), 7],
      [7, bits(1.5), 8],
      [8, bits(-Infinity), -3],
      [9, bits(Number.NaN), 1],
      [10, bits(1), 2],
      [11, bits(0.5), 3],
      [12, bits(5), 4],
      [13, bits(1), 5],
    ]);
  });

  it.each([
    ["blank", "\n"],
    ["spaces", "   \n"],
    ["one field", "5\n"],
    ["four fields", "5 0.5 1 name\n"],
    ["two lines glued together", "5 0.55 0.6 1\n"],
    ["two spaces", "5  0.5 1\n"],
    ["padding of a power cut", "\0\0\0\0\n"],
    ["a word for a number", "5 good 1\n"],
    ["a step with a fraction", "5 0.5 1.5\n"],
    ["a step beyond the safe integers", "5 0.5 9007199254740993\n"],
    ["a timestamp beyond them", "99999999999999999999 0.5 1\n"],
    ["no timestamp", " 0.5 1\n"],
    ["a sign alone", "5 - 1\n"],
    ["a dot alone", "5 . 1\n"],
    ["hexadecimal", "5 0x10 1\n"],
  ])("that are none are counted and left out: %s", (_, line) => {
    const good = [1, bits(2), 3];
    expect(parse(`1 2.0 3\n${line}1 2.0 3\n`)).toEqual({ points: [good, good], bad: 1, rest: "" });
  });

  it("may be anything at all without harm", () => {
    const fragment = fc.constantFrom("1", "0.5", " ", "\n", "-", ".", "e", "nan", "\0", "99999999999999999999", "x");
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 60 }), (parts) => {
        const text = parts.join("");
        const whole = text.split("\n").slice(0, -1);
        const { points, bad, rest } = parse(text);
        expect(points.length + bad).toBe(whole.length);
        expect(rest).toBe(text.slice(text.lastIndexOf("\n") + 1));
      }),
    );
  });

  it("have values as Python's float reads them", () => {
    const texts = ["1", "1.", ".5", "1e5", "1E-5", "-1.5e+3", "nan", "-NaN", "inf", "+Infinity", "-INF"];
    expect(texts.map(parsePythonFloat).map((value) => bits(value as number))).toEqual(
      [1, 1, 0.5, 1e5, 1e-5, -1500, Number.NaN, Number.NaN, Infinity, Infinity, -Infinity].map(bits),
    );
    for (const text of ["", ".", "e5", "1e", "0x1", "1_000", "one", " 1"])
      expect(parsePythonFloat(text)).toBeUndefined();
  });
});

describe("a metric file", () => {
  it("of any size is read whole, wherever the blocks end", () => {
    const count = 100_000;
    const text = Array.from({ length: count }, (_, i) => `${1_700_000_000_000 + i} ${i / 7} ${i}\n`).join("");
    const history = readHistory(file(text));
    expect(history?.values.length).toBe(count);
    for (const i of [0, 1, 30_000, 54_321, count - 1]) {
      expect([history?.timestamps[i], history?.values[i], history?.steps[i]]).toEqual([
        1_700_000_000_000 + i,
        i / 7,
        i,
      ]);
    }
  });

  it("is ordered by step, then timestamp, then as logged", () => {
    const history = readHistory(file("3 1.0 5\n2 2.0 5\n9 3.0 -1\n2 4.0 5\n"));
    expect(Array.from(history?.values ?? [])).toEqual([3, 2, 4, 1]);
  });

  it("has as its latest point what MLflow chooses", () => {
    expect(readLatest(file("1 1.0 5\n9 7.0 3\n1 2.0 5\n1 nan 5\n"), "k")).toEqual({
      key: "k",
      value: 2,
      timestamp: 1,
      step: 5,
    });
    expect(readLatest(file(""), "k")).toBeUndefined();
  });

  it("that is missing has no history", () => {
    expect(readHistory(join(tmpdir(), "tidemark-nowhere", "x"))).toBeUndefined();
  });

  it("with a torn last line is read up to it, and says so with its path", () => {
    const said = warnings();
    const path = file("1 2.0 3\n1 2.0 4\n17000000 0.1");
    expect(Array.from(readHistory(path)?.steps ?? [])).toEqual([3, 4]);
    expect(said).toEqual([expect.stringContaining(path)]);
    expect(said[0]).toContain("17000000 0.1");
  });

  it("of garbage without a newline is not carried along for ever", () => {
    const said = warnings();
    const path = file(Buffer.concat([Buffer.from("1 2.0 3\n"), Buffer.alloc(20 << 20), Buffer.from("\n1 2.0 4\n")]));
    expect(Array.from(readHistory(path)?.steps ?? [])).toEqual([3, 4]);
    expect(said).toHaveLength(1);
  });
});
