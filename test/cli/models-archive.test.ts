import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { startTidemark, tidemark, tidemarkInTerminal } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { filesBelow, writeFilesBelow } from "../support/model-files.ts";

let folder: string;
let model: string;

beforeEach(() => {
  folder = temporaryDirectory();
  model = writeFilesBelow(join(folder, "model"), {
    MLmodel: "flavors: {}\n",
    "data/weights.bin": new Uint8Array(4_000_000),
  });
});

describe("models pack and unpack", () => {
  it("carry a model over, and tell the hash of the archive", async () => {
    const packed = await tidemark(folder, "models", "pack", "model", "model.zip");
    const sha256 = createHash("sha256")
      .update(readFileSync(join(folder, "model.zip")))
      .digest("hex");
    expect(packed).toMatchObject({ code: 0, stdout: `${sha256}  ${join(folder, "model.zip")}\n`, stderr: "" });
    const unpacked = await tidemark(folder, "models", "unpack", "model.zip", "copy");
    expect(unpacked).toMatchObject({ code: 0, stdout: `${join(folder, "copy")}\n`, stderr: "" });
    expect(filesBelow(join(folder, "copy"))).toEqual(filesBelow(model));
    const { stdout } = await tidemark(folder, "models", "pack", "copy", "again.zip", "--json");
    const sizeBytes = readFileSync(join(folder, "model.zip")).length;
    expect(JSON.parse(stdout)).toEqual({ file: join(folder, "again.zip"), sha256, sizeBytes });
  });

  it("replace a model only where that is asked for", async () => {
    await tidemark(folder, "models", "pack", "model", "model.zip");
    writeFileSync(join(model, "old.bin"), "old");
    const refused = await tidemark(folder, "models", "unpack", "model.zip", "model");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toBe(
      `tidemark: ${model} is there already, and not empty; \`overwrite: true\` replaces it\n`,
    );
    const replaced = await tidemark(folder, "models", "unpack", "model.zip", "model", "--overwrite", "--json");
    expect(JSON.parse(replaced.stdout)).toEqual({ directory: model });
    expect(Object.keys(filesBelow(model))).toEqual(["MLmodel", "data/weights.bin"]);
  });

  it("say what is wrong with an archive, or a directory", async () => {
    writeFileSync(join(folder, "model.zip"), "no archive");
    const damaged = await tidemark(folder, "models", "unpack", "model.zip", "copy");
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toMatch(/^tidemark: .*model\.zip: is no zip archive/);
    const empty = await tidemark(folder, "models", "pack", "model/data", "data.zip");
    expect(empty).toMatchObject({ code: 1, stderr: expect.stringContaining("holds no MLmodel") });
    expect((await tidemark(folder, "models", "pack", "model")).code).toBe(2);
  });

  it("show a bar where a person is looking", async () => {
    const packed = await tidemarkInTerminal(folder, 80, {}, "models", "pack", "model", "model.zip");
    expect(packed.code).toBe(0);
    expect(packed.stdout).toMatch(/percent packed .*0 of 100/);
    const unpacked = await tidemarkInTerminal(folder, 80, {}, "models", "unpack", "model.zip", "copy");
    expect(unpacked.stdout).toMatch(/percent unpacked .*0 of 100/);
    expect(unpacked.stdout).toContain(join(folder, "copy"));
  });

  it("leave nothing when they are interrupted", async () => {
    writeFileSync(join(model, "data/large.bin"), Buffer.alloc(400_000_000));
    const { child, ended, said } = startTidemark(folder, "models", "pack", model, join(folder, "model.zip"));
    while (!readdirSync(folder).some((name) => name.endsWith(".tmp"))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill("SIGINT");
    expect(await ended, said.stderr).toBe(130);
    expect(readdirSync(folder)).toEqual(["model"]);
  });
});
