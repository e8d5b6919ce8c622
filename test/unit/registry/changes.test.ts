import { describe, expect, it } from "vitest";
import { changesBetween, isUnchanged } from "../../../src/registry/changes.ts";

describe("changesBetween", () => {
  it.each<[unknown, unknown, boolean]>([
    [Number.NaN, Number.NaN, true],
    [0, -0, true],
    ["1", 1, false],
    [null, undefined, false],
    [null, {}, false],
    [[1, { a: 2 }], [1, { a: 2 }], true],
    [[1, 2], [2, 1], false],
    [[], {}, false],
    [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
    [{ a: undefined }, { b: undefined }, false],
    [{ a: 1 }, { a: 1, b: 2 }, false],
  ])("of %j and %j is none: %s", (from, to, isSame) => {
    expect(isUnchanged(changesBetween({ x: from }, { x: to }))).toBe(isSame);
  });

  it("knows keys of every name", () => {
    const named = (name: string) => Object.fromEntries([[name, 1]]);
    expect(changesBetween(named("__proto__"), named("constructor"))).toEqual({
      added: named("constructor"),
      removed: named("__proto__"),
      changed: {},
    });
  });
});
