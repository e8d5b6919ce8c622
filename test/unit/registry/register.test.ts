import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { connect, startRun } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { downloadModel, register, resolveModelUri } from "../../../src/registry/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { modelDirectory, modelFiles } from "../../support/model-directory.ts";

const backends = {
  memory: async () => await connect(memoryBackend()),
  fs: async () => await connect(join(temporaryDirectory(), "mlruns")),
};

describe.each(Object.entries(backends))("over %s", (_, open) => {
  it("uploads a local directory, and finds it again", async () => {
    const client = await open();
    const directory = modelDirectory();
    const version = await register(directory, "digits", {
      client,
      alias: "champion",
      description: "# one",
      tags: { a: "b" },
    });
    expect(version).toMatchObject({
      version: 1,
      status: "READY",
      aliases: ["champion"],
      description: "# one",
      tags: { a: "b" },
    });
    const model = await client.loggedModels.get(version.modelId ?? "");
    expect(model).toMatchObject({ status: "READY", name: "digits" });
    expect(version.source).toBe(`models:/${model.id}`);
    for (const uri of [
      "models:/digits/1",
      "models:/digits@champion",
      "models:/digits/latest",
      "models:/digits/None",
      version.source,
    ]) {
      const resolved = await resolveModelUri(uri, { client });
      expect(resolved).toMatchObject({ uri, modelId: model.id });
      const target = await downloadModel(uri, { client, destination: join(temporaryDirectory(), "a", "b") });
      for (const [path, text] of Object.entries(modelFiles()))
        expect(readFileSync(join(target, path), "utf8")).toBe(text);
    }
  });

  it("takes what a run has logged", async () => {
    const client = await open();
    const run = await startRun({ client, captureEnvironment: false });
    await run.logArtifact(modelDirectory({ runId: run.id }));
    const version = await register(`runs:/${run.id}/model`, "digits", { client });
    expect(version.runId).toBe(run.id);
    expect(await resolveModelUri("models:/digits/1", { client })).toMatchObject({
      name: "digits",
      version: 1,
      runId: run.id,
    });
    await run.end();
  });
});
