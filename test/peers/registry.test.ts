import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runMlflow, runPython } from "../support/python.ts";
import {
  expectSameRegistry,
  type PythonRegistry,
  present,
  readRegistry,
  writeRegistry,
} from "../support/registry-peers.ts";

describe.skipIf(leftOut("python"))("the registry and logged models", () => {
  it("written here are read by Python", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const client = await connect(mlruns);
    const { name, modelId } = await writeRegistry(client);
    const uri = pathToFileURL(mlruns).href;
    const theirs = (await runPython("registry.py", ["read", uri, name, modelId], directory)) as PythonRegistry;
    const ours = await readRegistry(client, name, modelId);
    expectSameRegistry(ours, theirs);
    expect(ours.versions.map(({ version }) => version)).toEqual([1, 2]);
    expect(ours.downloadUri).toContain(`${modelId}/artifacts`);
  });

  it("written by Python are read here", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const theirs = (await runPython("registry.py", ["write", pathToFileURL(mlruns).href], directory)) as PythonRegistry;
    const client = await connect(mlruns);
    expectSameRegistry(await readRegistry(client, theirs.model.name, theirs.loggedModel.id), theirs);
  });

  it("written here go through migrate-filestore", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const client = await connect(mlruns);
    const { name, modelId } = await writeRegistry(client);
    const database = `sqlite:///${join(directory, "migrated.db")}`;
    await runMlflow(["migrate-filestore", "--source", mlruns, "--target", database], directory);
    const theirs = (await runPython("registry.py", ["read", database, name, modelId], directory)) as PythonRegistry;
    const ours = await client.registry.getModel(name);
    expect(present(theirs.model)).toMatchObject({ name, tags: ours.tags, aliases: { champion: 2 } });
    expect(theirs.versions.map(({ version, stage }) => [version, stage])).toEqual([
      [1, "None"],
      [2, "Production"],
    ]);
    expect(theirs.loggedModel.metrics).toHaveLength(2);
    expect(theirs.links).toEqual({ inputs: [modelId], outputs: [{ modelId, step: 2 }] });
  });
});
