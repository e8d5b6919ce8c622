import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect } from "../../../src/index.ts";
import { downloadModel, promote, register } from "../../../src/registry/index.ts";
import { withFailingUploads } from "../../support/failing-artifacts.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { modelDirectory, modelFiles } from "../../support/model-directory.ts";
import { openBackends } from "../../support/registry-clients.ts";

describe.each(Object.entries(openBackends))("promote over %s", (_, open) => {
  it("moves an alias, and says from where", async () => {
    const client = await open();
    const directory = modelDirectory();
    await register(directory, "digits", { client, alias: "champion" });
    await register(directory, "digits", { client, alias: "challenger" });
    const options = { client, from: "models:/digits@challenger", to: { alias: "champion" } };
    const { version, ...rest } = await promote(options);
    expect(rest).toEqual({ copied: false, previous: 1 });
    expect(version).toMatchObject({ version: 2, aliases: ["challenger", "champion"] });
    expect(await promote(options)).toMatchObject({ version: { version: 2 }, copied: false, previous: 2 });
    const first = await promote({ client, from: "models:/digits/1", to: { alias: "fallback" } });
    expect(first).toEqual({ version: expect.objectContaining({ version: 1 }), copied: false });
  });

  it("copies to another name by reference, once", async () => {
    const client = await open();
    const { modelId = "" } = await register(modelDirectory(), "digits", { client, tags: { a: "b" }, description: "x" });
    const options = { client, from: "models:/digits/1", to: { name: "prod", alias: "champion" } };
    const { version, ...rest } = await promote(options);
    expect(rest).toEqual({ copied: true });
    const copy = { name: "prod", version: 1, source: "models:/digits/1", modelId, tags: { a: "b" }, description: "x" };
    expect(version).toMatchObject(copy);
    expect(await promote(options)).toEqual({ version, copied: false, previous: 1 });
    await client.registry.deleteVersion({ name: "prod", version: 1 });
    expect(await promote(options)).toMatchObject({ copied: true, version: { version: 2 } });
  });

  it.each(Object.entries(openBackends))("brings the files to another place: %s", async (_place, openOther) => {
    const client = await open();
    const other = await openOther();
    await register(modelDirectory(), "digits", { client, tags: { a: "b" }, description: "x" });
    const options = { client, from: "models:/digits/latest", to: { client: other, alias: "champion" } };
    const { version, copied } = await promote(options);
    expect(copied).toBe(true);
    expect(version).toMatchObject({ name: "digits", version: 1, description: "x", tags: { a: "b" } });
    await client.registry.deleteModel("digits");
    const destination = join(temporaryDirectory(), "here");
    await downloadModel("models:/digits@champion", { client: other, destination });
    for (const [path, text] of Object.entries(modelFiles())) {
      expect(readFileSync(join(destination, path), "utf8")).toBe(text);
    }
  });

  it("brings files once, goes on where it broke off, and moves nothing before", async () => {
    const client = await open();
    const failing = withFailingUploads((await open()).backend);
    const other = await connect(failing.backend);
    await register(modelDirectory(), "digits", { client });
    const options = { client, from: "models:/digits/1", to: { client: other, alias: "champion" } };
    failing.fails = (path) => path === "model.onnx";
    await expect(promote(options)).rejects.toMatchObject({ code: "STORAGE_FULL" });
    await expect(other.registry.getModel("digits")).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    failing.fails = () => false;
    expect(await promote(options)).toMatchObject({ copied: true, version: { version: 1 } });
    expect(failing.uploaded.sort()).toEqual(Object.keys(modelFiles()).sort());
    expect(await promote(options)).toMatchObject({ copied: false, version: { version: 1 }, previous: 1 });
    expect(failing.uploaded).toHaveLength(Object.keys(modelFiles()).length);
  });

  it("refuses what is no registered version", async () => {
    const client = await open();
    const { modelId } = await register(modelDirectory(), "digits", { client });
    for (const from of [`models:/${modelId}`, "runs:/abc/model", "/tmp"]) {
      const attempt = promote({ client, from, to: { alias: "champion" } });
      await expect(attempt).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE", details: { argument: "from" } });
    }
    const typo = promote({ client, from: "models:/digits/1", to: { alias: "champion", nmae: "x" } } as never);
    await expect(typo).rejects.toThrow('"nmae"');
  });
});
