import { describe, expect, it } from "vitest";
import { Turns } from "../../../src/net/turns.ts";

describe("turns over several ways", () => {
  it("go round", () => {
    const turns = new Turns(["a", "b", "c"]);
    const taken = Array.from({ length: 6 }, () => {
      const { way, done } = turns.take();
      done();
      return way;
    });
    expect(taken.join("")).toBe("abcabc");
  });

  it("leave out a way that is busy, until the others are as busy", () => {
    const turns = new Turns(["a", "b", "c"]);
    const long = turns.take();
    expect(long.way).toBe("a");
    const taken = Array.from({ length: 4 }, () => {
      const { way, done } = turns.take();
      done();
      return way;
    });
    expect(taken.join("")).toBe("bcbc");
    expect(Array.from({ length: 3 }, () => turns.take().way).join("")).toBe("bca");
    long.done();
  });
});
