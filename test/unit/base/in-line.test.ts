import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { inLine, type Lines } from "../../../src/base/in-line.ts";

it("work of one name is done one after the other, also after a failure; that of another name is not held up", async () => {
  const lines: Lines = new Map();
  const seen: string[] = [];
  const work = (name: string, ms: number) => async () => {
    seen.push(`${name} begins`);
    await sleep(ms);
    seen.push(`${name} ends`);
    return name;
  };
  const failing = inLine(lines, "a", async () => {
    await sleep(20);
    throw new Error("no");
  });
  const [refused, first, second, other] = await Promise.allSettled([
    failing,
    inLine(lines, "a", work("first", 10)),
    inLine(lines, "a", work("second", 0)),
    inLine(lines, "b", work("other", 0)),
  ]);
  expect(refused).toMatchObject({ status: "rejected", reason: { message: "no" } });
  expect([first, second, other].map((each) => each?.status === "fulfilled" && each.value)).toEqual([
    "first",
    "second",
    "other",
  ]);
  expect(seen).toEqual(["other begins", "other ends", "first begins", "first ends", "second begins", "second ends"]);
  expect(lines.size).toBe(0);
});
