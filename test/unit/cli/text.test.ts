import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonText } from "../../../src/cli/json.ts";
import { cutTo, displayWidth, safeJson, safeText } from "../../../src/cli/text.ts";

describe("displayWidth", () => {
  it.each([
    ["", 0],
    ["plain", 5],
    ["数字", 4],
    ["ｶﾅ", 2],
    ["カナ", 4],
    ["한글", 4],
    ["ＡＢ", 4],
    ["e\u0301", 1],
    ["\u0301", 0],
    ["🎯", 2],
    ["👨‍👩‍👧", 2],
    ["🇫🇷", 2],
    ["❤️", 2],
    ["→", 1],
    ["a\u200bb", 2],
  ])("%j takes %i columns", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe("cutTo", () => {
  it("never takes more columns than there are, and keeps what fits", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }).map(safeText), fc.integer({ min: 0, max: 20 }), (text, width) => {
        const cut = cutTo(text, width);
        expect(displayWidth(cut)).toBeLessThanOrEqual(width);
        if (displayWidth(text) <= width) expect(cut).toBe(text);
      }),
    );
    expect(cutTo("数字認識", 5)).toBe("数字…");
    expect(cutTo("数字認識", 4)).toBe("数…");
  });
});

describe("safeText", () => {
  it("leaves nothing that steers a terminal", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(safeText(text)).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
        expect(safeText(text)).toHaveLength(text.length);
      }),
    );
    expect(safeText("a\u001b[31m\u009b\ud800é数🎯")).toBe("a�[31m��é数🎯");
  });
});

describe("JSON", () => {
  it("comes back whole, and steers nothing", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = safeJson(JSON.stringify({ [text]: text }, null, 2));
        expect(JSON.parse(json)).toEqual({ [text]: text });
        expect(json).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
      }),
    );
  });

  it("has texts for the numbers it has not", () => {
    expect(jsonText([Number.NaN, Infinity, -Infinity, 1.5])).toBe('["NaN","Infinity","-Infinity",1.5]');
  });
});
