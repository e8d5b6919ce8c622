import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCsv } from "../../../../src/models/serving/csv.ts";

const refused = (message: string) => expect.objectContaining({ code: "INVALID_PARAMETER_VALUE", message });

describe("CSV", () => {
  it.each<[string, string, string[], string[][]]>([
    [
      "plain cells",
      "a,b\n1,2\n3,4\n",
      ["a", "b"],
      [
        ["1", "2"],
        ["3", "4"],
      ],
    ],
    ["no line end at the end", "a\n1", ["a"], [["1"]]],
    [
      "line ends of Windows and of old",
      "a,b\r\n1,2\r3,4\r\n",
      ["a", "b"],
      [
        ["1", "2"],
        ["3", "4"],
      ],
    ],
    ["a byte order mark", "\ufeffa\n1\n", ["a"], [["1"]]],
    ["quotes", '"a ""b""","c,d"\n"",""""\n', ['a "b"', "c,d"], [["", '"']]],
    ["line breaks in quotes", 'a,b\n"1\r\n2\n",3\n', ["a", "b"], [["1\r\n2\n", "3"]]],
    ["empty lines", "\n\na,b\n\n,\n\n", ["a", "b"], [["", ""]]],
    ["a quoted empty cell alone", 'a\n""\n', ["a"], [[""]]],
    ["spaces as they are", " a ,b\n 1 , 2\n", [" a ", "b"], [[" 1 ", " 2"]]],
    ["columns without names", ",a,\n0,1,2\n", ["Unnamed: 0", "a", "Unnamed: 2"], [["0", "1", "2"]]],
    ["a header alone", "a,b\n", ["a", "b"], []],
  ])("with %s", (_, text, names, rows) => {
    expect(parseCsv("body", text)).toEqual({ names, rows });
  });

  it.each([
    ["nothing", "", 'body: got "an empty text"; expected CSV with a header'],
    ["a short row", "a,b\n1,2\n3\n", "body, line 3: got 1; expected 2 cells, as the header has"],
    ["a long row", 'a,b\n"x\ny",2\n3,4,5\n', "body, line 4: got 3; expected 2 cells, as the header has"],
    ["one name twice", "a,b,a\n", 'body, line 1: got "a"; expected each name of a column once'],
    [
      "a quote within a cell",
      'a\nb\nxy"z\n',
      'body, line 3, column 3: got "\\""; expected quotes around the whole cell',
    ],
    ["something behind quotes", 'a,b\n1,"2"3\n', 'body, line 2, column 6: got "3"; expected a comma behind the quotes'],
    [
      "something behind quotes of two lines",
      'a\n"x\n  y"z\n',
      'body, line 3, column 5: got "z"; expected a comma behind the quotes',
    ],
    [
      "quotes that do not end",
      'a,b\n1,"2\n3,4\n',
      'body, line 2, column 3: got "\\""; expected a second one that ends the cell',
    ],
  ])("with %s is refused", (_, text, message) => {
    expect(() => parseCsv("body", text)).toThrow(refused(message));
  });

  it("is the same after it was written and read", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "ü") });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell)), fc.constantFrom("\n", "\r\n", "\r"), (rows, lineEnd) => {
        const text = [["x", "y"], ...rows].map((cells) => cells.map(quoted).join(",") + lineEnd).join("");
        expect(parseCsv("body", text)).toEqual({ names: ["x", "y"], rows });
      }),
    );
  });

  it("takes time that grows with its length", () => {
    const rows = 200_000;
    expect(parseCsv("body", `a,b\n${'1,"2\n2"\n'.repeat(rows)}`).rows).toHaveLength(rows);
  });
});
