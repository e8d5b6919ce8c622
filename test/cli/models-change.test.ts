import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import type { Client } from "../../src/tracking/client.ts";
import { tidemark, tidemarkInTerminal } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { modelDirectory, modelFiles } from "../support/model-directory.ts";

let mlruns: string;
let client: Client;

beforeEach(async () => {
  mlruns = join(temporaryDirectory(), "mlruns");
  mkdirSync(mlruns);
  client = await connect(mlruns);
});

const done = (stdout: string) => ({ code: 0, stderr: "", stdout });
const wrongUsage = (problem: string) => ({ code: 2, stdout: "", stderr: expect.stringContaining(problem) });

describe("models register", () => {
  it("makes versions, with what is said of them", async () => {
    const directory = modelDirectory();
    const said = ["--alias", "champion", "--description", "# one", "--tag", "task=digits", "--tag", "a=b=c"];
    expect(await tidemark(mlruns, "models", "register", directory, "digits", ...said)).toMatchObject(
      done("models:/digits/1\n"),
    );
    expect(await client.registry.getVersion({ name: "digits", version: 1 })).toMatchObject({
      aliases: ["champion"],
      description: "# one",
      tags: { task: "digits", a: "b=c" },
    });
    const { stdout } = await tidemark(mlruns, "--json", "models", "register", "models:/digits@champion", "other");
    expect(JSON.parse(stdout)).toEqual(await client.registry.getVersion({ name: "other", version: 1 }));
  });

  it("says what is wrong", async () => {
    expect(await tidemark(mlruns, "models", "register", "models:/nobody/1", "digits")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining('no registered model "nobody"'),
    });
    expect(await tidemark(mlruns, "models", "register", "x", "digits", "--tag", "task")).toMatchObject(
      wrongUsage("It is no tag"),
    );
    expect(await tidemark(mlruns, "models", "register", "x")).toMatchObject(wrongUsage("missing required argument"));
  });
});

describe("models alias", () => {
  it("points, points elsewhere, and is deleted", async () => {
    for (let count = 0; count < 2; count++) await tidemark(mlruns, "models", "register", modelDirectory(), "digits");
    const alias = (...args: string[]) => tidemark(mlruns, "models", "alias", "digits", "champion", ...args);
    expect(await alias("1")).toMatchObject(done("models:/digits@champion is models:/digits/1\n"));
    expect(await alias("2")).toMatchObject(done("models:/digits@champion is models:/digits/2\n"));
    expect((await client.registry.getModel("digits")).aliases).toEqual({ champion: 2 });
    expect(JSON.parse((await alias("2", "--json")).stdout)).toMatchObject({
      name: "digits",
      alias: "champion",
      version: { version: 2, aliases: ["champion"] },
    });
    expect(await alias("--delete")).toMatchObject(done(""));
    expect((await client.registry.getModel("digits")).aliases).toEqual({});
    expect(await alias("3")).toMatchObject({ code: 1, stderr: expect.stringContaining("no version 3") });
    for (const args of [[], ["1", "--delete"]]) {
      expect(await alias(...args)).toMatchObject(wrongUsage("either a version or --delete"));
    }
    expect(await alias("first")).toMatchObject(wrongUsage("no whole number"));
  });
});

describe("models download", () => {
  it("answers where the model is now, and replaces nothing unless it is told to", async () => {
    await tidemark(mlruns, "models", "register", modelDirectory(), "digits");
    const target = join(temporaryDirectory(), "a", "model");
    const download = (...args: string[]) => tidemark(mlruns, "models", "download", "models:/digits/1", target, ...args);
    expect(await download()).toMatchObject(done(`${target}\n`));
    for (const [path, text] of Object.entries(modelFiles())) {
      expect(readFileSync(join(target, path), "utf8")).toBe(text);
    }
    writeFileSync(join(target, "mine"), "");
    expect(await download()).toMatchObject({ code: 1, stderr: expect.stringContaining("not empty") });
    const { stdout } = await download("--overwrite", "--json");
    expect(JSON.parse(stdout)).toEqual({ uri: "models:/digits/1", directory: target });
    expect(existsSync(join(target, "mine"))).toBe(false);
  });

  it("shows how far it is in a terminal", async () => {
    const target = join(temporaryDirectory(), "model");
    const { stdout } = await tidemarkInTerminal(mlruns, 100, {}, "models", "download", modelDirectory(), target);
    expect(stdout).toMatch(/downloading .* \d+ B of \d+ B/);
    expect(
      stdout
        .trimEnd()
        .split(/[\r\n]+/)
        .at(-1),
    ).toContain(target);
  });
});
