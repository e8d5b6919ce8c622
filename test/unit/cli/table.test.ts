import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseColumns } from "../../../src/cli/column-names.ts";
import { Output } from "../../../src/cli/output.ts";
import { commonKeys } from "../../../src/cli/runs-list.ts";
import { alignTable, printTable } from "../../../src/cli/table.ts";
import { displayWidth } from "../../../src/cli/text.ts";

const terminal = (columns: number) => new Output({ isTTY: true, columns, write: () => true });
const cells = (...texts: string[]) => texts.map((text) => ({ text }));

describe("a table in a terminal", () => {
  it("aligns columns, wide characters too", () => {
    const rows = [cells("数字", "1"), cells("a", "100")];
    expect(
      alignTable(terminal(80), [{ header: "name" }, { header: "n", align: "right" }], rows, 80).map(plain),
    ).toEqual(["name    n", "数字    1", "a     100"]);
  });

  it("cuts the widest columns first, keeps what must be whole, and leaves out what has no room", () => {
    const columns = [{ header: "id", isWhole: true }, { header: "name" }, { header: "x" }];
    const rows = [cells("12345678", "a rather long name", "y")];
    const lines = (width: number) => alignTable(terminal(width), columns, rows).map(plain);
    expect(lines(80)[1]).toBe("12345678  a rather long name  y");
    expect(lines(22)[1]).toBe("12345678  a rather…  y");
    expect(lines(17)[1]).toBe("12345678  a rath…");
    expect(lines(9)[1]).toBe("12345678");
  });

  it("is never wider than the terminal", () => {
    const texts = fc.array(fc.string({ unit: "grapheme-composite", maxLength: 40 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 5 }), fc.integer({ min: 1, max: 90 }), (rows, width) => {
        const columns = ["a", "b", "c"].map((header) => ({ header }));
        const lines = alignTable(
          terminal(width),
          columns,
          rows.map((row) => cells(...row)),
        ).map(plain);
        expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(width);
      }),
    );
  });

  // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours that are taken away
  const plain = (line: string) => line.replaceAll(/\u001b\[\d+m/g, "");
});

it("a table in a pipe is rows of tabs, with nothing cut", () => {
  let written = "";
  const write = (text: string) => {
    written += text;
  };
  printTable(new Output({ write }), [{ header: "a" }, { header: "b", align: "right" }], [cells("x".repeat(500), "1")]);
  expect(written).toBe(`a\tb\n${"x".repeat(500)}\t1\n`);
});

it("the keys that most have come first, and of these the ones that differ", () => {
  const records = [
    { epochs: "3", lr: "1" },
    { epochs: "3", lr: "2", rare: "x" },
  ];
  expect(commonKeys(records)).toEqual(["lr", "epochs", "rare"]);
});

describe("--columns", () => {
  it("reads attributes, metrics, params and tags", () => {
    expect(parseColumns("id, metrics.val/loss,params.a.b,tags.mlflow.user")).toEqual([
      { kind: "attribute", key: "id" },
      { kind: "metrics", key: "val/loss" },
      { kind: "params", key: "a.b" },
      { kind: "tags", key: "mlflow.user" },
    ]);
  });

  it.each(["", "shoe", "id,", "metrics.", "losses.a"])("refuses %j", (text) => {
    expect(() => parseColumns(text)).toThrow(RangeError);
  });
});
