import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KeyTree } from "../../../src/fs/key-tree.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";

const refused = { code: "INVALID_PARAMETER_VALUE" };

describe("keys that become files and directories", () => {
  it("cannot be both", () => {
    const tree = new KeyTree("metric", temporaryDirectory());
    expect(tree.admit("train/loss")).toBeUndefined();
    expect(tree.admit("train/acc")).toBeUndefined();
    expect(tree.admit("train")).toMatchObject({ ...refused, message: expect.stringContaining('"train/loss"') });
    expect(tree.admit("train/loss/deep")).toMatchObject(refused);
    expect(tree.admit("train/loss")).toBeUndefined();
    expect(tree.admit("training")).toBeUndefined();
  });

  it("count those on disk", () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "loss"), "");
    mkdirSync(join(directory, "val"));
    writeFileSync(join(directory, "val", "loss"), "");
    const tree = new KeyTree("metric", directory);
    expect(tree.admit("loss/x")).toMatchObject(refused);
    expect(tree.admit("val")).toMatchObject(refused);
    expect(tree.admit("loss")).toBeUndefined();
    expect(tree.admit("val/acc")).toBeUndefined();
  });

  it("have names the disk can hold", () => {
    const tree = new KeyTree("param", temporaryDirectory());
    expect(tree.admit("名".repeat(86))).toMatchObject({ ...refused, message: expect.stringContaining("255 bytes") });
    expect(tree.admit(`${"名".repeat(85)}/${"名".repeat(85)}`)).toBeUndefined();
  });
});
