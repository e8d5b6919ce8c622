import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { Containment } from "../../../src/fs/containment.ts";
import { Memory } from "../../../src/fs/memory.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

const SECOND = vi.hoisted(() => 1_700_000_000_000);

// What Deno does to the time of a change.
vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  const lstatSync = (...args: Parameters<typeof fs.lstatSync>) =>
    Object.assign(fs.lstatSync(...args) as object, { ctimeMs: SECOND });
  return { ...fs, lstatSync };
});

it("what changes twice in a second is read again where times are whole seconds", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: SECOND + 500 });
  try {
    const directory = temporaryDirectory();
    const memory = new Memory(new Containment(directory));
    const names = () => {
      memory.lookAgain();
      return memory.readDirectory(directory, (path) => readdirSync(path));
    };
    expect(names()).toEqual([]);
    writeFileSync(join(directory, "loss"), "");
    expect(names()).toEqual(["loss"]);
  } finally {
    vi.useRealTimers();
  }
});
