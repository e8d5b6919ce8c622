import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newDirectory } from "../../../src/disk/new-directory.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

const fill = async (directory: string) => {
  writeFileSync(join(directory, "new"), "");
  return "filled";
};
const refused = (path: string) => ({ code: "RESOURCE_ALREADY_EXISTS", details: { path } });

describe("newDirectory", () => {
  it("makes a directory with its parents, and passes on what has filled it", async () => {
    const target = join(temporaryDirectory(), "a/b/c");
    expect(await newDirectory(target, {}, fill)).toBe("filled");
    expect(readdirSync(target)).toEqual(["new"]);
    expect(readdirSync(join(target, ".."))).toEqual(["c"]);
  });

  it("takes the place of an empty directory", async () => {
    const target = join(temporaryDirectory(), "a");
    mkdirSync(target);
    await newDirectory(target, {}, fill);
    expect(readdirSync(target)).toEqual(["new"]);
  });

  it("takes the place of one with a certain file, where that may be replaced, and of no other", async () => {
    const target = join(temporaryDirectory(), "a");
    mkdirSync(target);
    writeFileSync(join(target, "mine"), "");
    await expect(newDirectory(target, {}, fill)).rejects.toMatchObject(refused(target));
    await expect(newDirectory(target, { replaces: "mark" }, fill)).rejects.toMatchObject(refused(target));
    writeFileSync(join(target, "mark"), "");
    await expect(newDirectory(target, {}, fill)).rejects.toMatchObject(refused(target));
    expect(readdirSync(target).sort()).toEqual(["mark", "mine"]);
    await newDirectory(target, { replaces: "mark" }, fill);
    expect(readdirSync(target)).toEqual(["new"]);
    expect(readdirSync(join(target, ".."))).toEqual(["a"]);
  });

  it("takes the place of no file, nor of what is below one", async () => {
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "mine");
    for (const target of [file, join(file, "a")]) {
      await expect(newDirectory(target, { replaces: "mark" }, fill)).rejects.toMatchObject(refused(target));
    }
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("leaves nothing behind when it fails, no parents either, and what was there stays", async () => {
    const parent = temporaryDirectory();
    const fail = async (directory: string) => {
      await fill(directory);
      throw new Error("half way");
    };
    await expect(newDirectory(join(parent, "a/b/c"), {}, fail)).rejects.toThrow("half way");
    expect(readdirSync(parent)).toEqual([]);
    mkdirSync(join(parent, "a"));
    writeFileSync(join(parent, "a/mark"), "");
    await expect(newDirectory(join(parent, "a"), { replaces: "mark" }, fail)).rejects.toThrow("half way");
    expect(readdirSync(parent, { recursive: true }).sort()).toEqual(["a", "a/mark"]);
  });

  it("keeps parents that others use meanwhile", async () => {
    const parent = temporaryDirectory();
    const attempt = newDirectory(join(parent, "a/b/c"), {}, async () => {
      writeFileSync(join(parent, "a/other"), "");
      throw new Error("half way");
    });
    await expect(attempt).rejects.toThrow("half way");
    expect(readdirSync(join(parent, "a"))).toEqual(["other"]);
  });

  it("keeps what others have put there meanwhile", async () => {
    const target = join(temporaryDirectory(), "a");
    const attempt = newDirectory(target, {}, async () => {
      mkdirSync(target);
      writeFileSync(join(target, "theirs"), "");
    });
    await expect(attempt).rejects.toMatchObject(refused(target));
    expect(readdirSync(target)).toEqual(["theirs"]);
  });

  it("has one winner among many, and all of it from one", async () => {
    const target = join(temporaryDirectory(), "a");
    const attempts = Array.from({ length: 8 }, (_, index) =>
      newDirectory(target, {}, async (directory) => writeFileSync(join(directory, String(index)), "")),
    );
    const results = await Promise.allSettled(attempts);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(readdirSync(target)).toHaveLength(1);
    expect(readdirSync(join(target, ".."))).toEqual(["a"]);
  });

  it("replaces a link to a directory, and leaves what it leads to", async () => {
    const parent = temporaryDirectory();
    mkdirSync(join(parent, "there"));
    writeFileSync(join(parent, "there/mark"), "");
    symlinkSync(join(parent, "there"), join(parent, "a"));
    await newDirectory(join(parent, "a"), { replaces: "mark" }, fill);
    expect(existsSync(join(parent, "there/mark"))).toBe(true);
    expect(readdirSync(join(parent, "a"))).toEqual(["new"]);
  });

  it("says where it cannot write", async () => {
    const target = join(temporaryDirectory(), "a".repeat(300));
    await expect(newDirectory(target, {}, fill)).rejects.toMatchObject({
      code: "STORAGE_ERROR",
      details: { path: target },
    });
  });
});
