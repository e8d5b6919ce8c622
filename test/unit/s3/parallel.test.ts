import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inParallel } from "../../../src/s3/parallel.ts";

describe("tasks in parallel", () => {
  it("answer in their order, so many at a time", async () => {
    let [running, most] = [0, 0];
    const task = (n: number) => async () => {
      most = Math.max(most, ++running);
      await sleep((7 - n) % 4);
      running--;
      return n;
    };
    const numbers = [0, 1, 2, 3, 4, 5, 6];
    expect(await inParallel(numbers.map(task), 3, undefined)).toEqual(numbers);
    expect(most).toBe(3);
    expect(await inParallel([], 3, undefined)).toEqual([]);
  });

  it("begin no more after the first failure, which is thrown when all have ended", async () => {
    const ended: string[] = [];
    const fail = async () => {
      throw new Error("first");
    };
    const slow = async (signal: AbortSignal) => {
      await sleep(20);
      ended.push(`slow, stopped: ${signal.aborted}`);
    };
    const never = async () => void ended.push("never");
    await expect(inParallel([slow, fail, never, never], 2, undefined)).rejects.toThrow("first");
    expect(ended).toEqual(["slow, stopped: true"]);
  });

  it("are cancelled by a wish", async () => {
    const wish = new AbortController();
    const begun: number[] = [];
    const task = (n: number) => async () => {
      begun.push(n);
      wish.abort();
    };
    await expect(inParallel([1, 2, 3].map(task), 1, wish.signal)).rejects.toMatchObject({ code: "CANCELLED" });
    expect(begun).toEqual([1]);
  });
});
