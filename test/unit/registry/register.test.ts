import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Client, connect, type LoggedModel, startRun } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { downloadModel, register, resolveModelUri } from "../../../src/registry/index.ts";
import { withFailingUploads } from "../../support/failing-artifacts.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { modelDirectory, modelFiles } from "../../support/model-directory.ts";
import { openBackends } from "../../support/registry-clients.ts";

const missing = { code: "RESOURCE_DOES_NOT_EXIST" };

async function loggedModels(client: Client): Promise<readonly LoggedModel[]> {
  const experimentIds: string[] = [];
  for await (const { id } of client.experiments.search()) experimentIds.push(id);
  return (await client.loggedModels.search({ experimentIds }).page()).items;
}

/** A run with a logged model of its own, with files. */
async function produceModel(
  client: Client,
  runId: string,
  step: number,
  name = "model",
  status: "READY" | "FAILED" | "PENDING" = "READY",
): Promise<LoggedModel> {
  const { experimentId } = await client.runs.get(runId);
  const model = await client.loggedModels.create({ experimentId, name, sourceRunId: runId });
  const store = client.backend.artifacts(model.artifactLocation);
  for (const [path, text] of Object.entries(modelFiles({ runId, modelId: model.id }))) {
    await store.write(path, new TextEncoder().encode(text));
  }
  await client.runs.logOutputs({ runId, models: [{ modelId: model.id, step }] });
  return status === "PENDING" ? model : await client.loggedModels.finalize({ modelId: model.id, status });
}

describe.each(Object.entries(openBackends))("register over %s", (_, open) => {
  it("uploads a local directory, which all URIs of the version then name", async () => {
    const client = await open();
    const directory = modelDirectory();
    const said = { description: "# one", tags: { a: "b" } };
    const version = await register(directory, "digits", { client, alias: "champion", ...said });
    expect(version).toMatchObject({ version: 1, status: "READY", aliases: ["champion"], ...said });
    const [model, ...others] = await loggedModels(client);
    expect(others).toEqual([]);
    expect(model).toMatchObject({ status: "READY", name: "digits" });
    expect(JSON.parse(model?.tags["mlflow.modelVersions"] ?? "")).toEqual([{ name: "digits", version: 1 }]);
    expect(version).toMatchObject({ source: `models:/${model?.id}`, modelId: model?.id });
    const uris = ["digits/1", "digits@champion", "digits/latest", "digits/None", `${model?.id}`];
    for (const uri of uris.map((rest) => `models:/${rest}`)) {
      expect(await resolveModelUri(uri, { client })).toMatchObject({ uri, modelId: model?.id });
      const target = await downloadModel(uri, { client, destination: join(temporaryDirectory(), "a", "b") });
      for (const [path, text] of Object.entries(modelFiles())) {
        expect(readFileSync(join(target, path), "utf8")).toBe(text);
      }
    }
  });

  it("counts on from version to version, and takes the same files only once", async () => {
    const client = await open();
    const directory = modelDirectory();
    const first = await register(directory, "digits", { client });
    const second = await register(directory, "digits", { client });
    expect([first.version, second.version]).toEqual([1, 2]);
    expect(second.modelId).toBe(first.modelId);
    writeFileSync(join(directory, "model.onnx"), "NOT REALLY");
    const third = await register(directory, "digits", { client });
    expect(third.modelId).not.toBe(first.modelId);
  });

  it("takes a directory of a run's artifacts by reference", async () => {
    const client = await open();
    await using run = await startRun({ client, captureEnvironment: false });
    await run.logArtifact(modelDirectory(), { path: "all models" });
    const version = await register(`runs:/${run.id}/all models/model`, "digits", { client });
    expect(version.runId).toBe(run.id);
    expect(version.modelId).toBe(undefined);
    expect(await loggedModels(client)).toEqual([]);
    const resolved = await resolveModelUri("models:/digits/1", { client });
    expect(resolved).toMatchObject({ name: "digits", version: 1, runId: run.id });
    expect((await resolved.artifacts.list()).map(({ path }) => path)).toEqual(["MLmodel", "data", "model.onnx"]);
  });

  it("takes what a run has produced: by name, by the run, the last of several", async () => {
    const client = await open();
    await using run = await startRun({ client, captureEnvironment: false });
    await expect(register(run, "digits", {})).rejects.toMatchObject(missing);
    await expect(client.registry.getModel("digits")).rejects.toMatchObject(missing);
    const late = await produceModel(client, run.id, 7);
    await produceModel(client, run.id, 3);
    const lineage = { runId: run.id, modelId: late.id, source: `models:/${late.id}` };
    expect(await register(run, "digits")).toMatchObject({ version: 1, ...lineage });
    expect(await register(`runs:/${run.id}/model`, "digits", { client })).toMatchObject({ version: 2, ...lineage });
    expect(await register(`models:/${late.id}`, "digits", { client })).toMatchObject({ version: 3, ...lineage });
    await expect(register(`runs:/${run.id}/other`, "digits", { client })).rejects.toMatchObject(missing);
  });

  it.each(["FAILED", "PENDING"] as const)(
    "refuses a logged model that is %s, and takes one that is not",
    async (status) => {
      const client = await open();
      await using run = await startRun({ client, captureEnvironment: false });
      const half = await produceModel(client, run.id, 1, "model", status);
      const uris = [`models:/${half.id}`, `runs:/${run.id}/model`, run];
      for (const uri of uris) {
        const error = { code: "INVALID_STATE", message: expect.stringContaining(half.id) };
        await expect(register(uri, "digits", { client })).rejects.toMatchObject(error);
      }
      await expect(client.registry.getModel("digits")).rejects.toMatchObject(missing);
      const { id } = await produceModel(client, run.id, 0);
      await produceModel(client, run.id, 2, "model", status);
      for (const uri of uris.slice(1)) expect(await register(uri, "digits", { client })).toMatchObject({ modelId: id });
    },
  );

  it("takes run and logged model from the MLmodel, as far as they are known here", async () => {
    const client = await open();
    await using run = await startRun({ client, captureEnvironment: false });
    const experiment = (await client.experiments.get(run.experimentId)).name;
    const known = await register(modelDirectory({ runId: run.id, modelId: "m-unknown" }), "digits", { client });
    expect(known.runId).toBe(run.id);
    expect(await client.loggedModels.get(known.modelId ?? "")).toMatchObject({ sourceRunId: run.id });
    const unknown = await register(modelDirectory({ runId: "0".repeat(32) }), "digits", { client, experiment });
    expect(unknown.runId).toBe(undefined);
    const { artifactLocation } = await produceModel(client, run.id, 0);
    const byPlace = await register(artifactLocation, "digits", { client });
    expect(byPlace).toMatchObject({ runId: run.id, source: expect.stringMatching(/^models:\/m-/) });
  });

  it("copies another version by reference, with its description and tags", async () => {
    const client = await open();
    await using run = await startRun({ client, captureEnvironment: false });
    const { id } = await produceModel(client, run.id, 0);
    await register(run, "digits", { description: "best", tags: { a: "1", b: "2" }, alias: "champion" });
    const copy = await register("models:/digits@champion", "production digits", { client, tags: { b: "3" } });
    expect(copy).toMatchObject({
      version: 1,
      source: "models:/digits/1",
      runId: run.id,
      modelId: id,
      description: "best",
      tags: { a: "1", b: "3" },
    });
    expect(await resolveModelUri("models:/production digits/1", { client })).toMatchObject({ modelId: id });
    expect((await loggedModels(client)).map((model) => model.id)).toEqual([id]);
  });

  it("gives 40 callers the versions 1 to 40 of a model that was not there", async () => {
    const client = await open();
    const directory = modelDirectory();
    const { modelId } = await register(directory, "other", { client });
    const all = await Promise.all(
      Array.from({ length: 40 }, () => register(`models:/${modelId}`, "digits", { client, alias: "last" })),
    );
    expect(all.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_value, index) => index + 1),
    );
  });

  it("takes up an upload that broke off, and makes no version before", async () => {
    const client = await open();
    const failing = withFailingUploads(client.backend);
    const unreliable = await connect(failing.backend);
    const directory = modelDirectory({ files: { "z.bin": "last" } });
    failing.fails = (path) => path === "z.bin";
    const attempt = register(directory, "digits", { client: unreliable });
    await expect(attempt).rejects.toMatchObject({ code: "STORAGE_FULL" });
    const [broken] = await loggedModels(client);
    expect(broken?.status).toBe("FAILED");
    await expect(client.registry.getModel("digits")).rejects.toMatchObject(missing);

    failing.fails = () => false;
    const before = failing.uploaded.splice(0);
    const version = await register(directory, "digits", { client: unreliable });
    expect(version).toMatchObject({ version: 1, modelId: broken?.id });
    expect(await loggedModels(client)).toMatchObject([{ id: broken?.id, status: "READY" }]);
    // Nothing goes up twice.
    expect([...before, ...failing.uploaded].sort()).toEqual(Object.keys(modelFiles()).concat("z.bin").sort());
  });

  it("refuses what holds no model, and makes nothing then", async () => {
    const client = await open();
    const empty = temporaryDirectory();
    await expect(register(empty, "digits", { client })).rejects.toMatchObject(missing);
    await expect(register(join(empty, "nothing"), "digits", { client })).rejects.toMatchObject(missing);
    await expect(register("models:/digits/1", "other", { client })).rejects.toMatchObject(missing);
    await expect(register(`models:/m-${"0".repeat(32)}`, "digits", { client })).rejects.toMatchObject(missing);
    const refused = { code: "INVALID_PARAMETER_VALUE" };
    await expect(register("mlflow-artifacts:/0/model", "digits", { client })).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      details: { scheme: "mlflow-artifacts" },
    });
    await expect(register(modelDirectory(), "a/b", { client })).rejects.toMatchObject(refused);
    await expect(register(modelDirectory(), "digits", { client, alias: "latest" })).rejects.toMatchObject(refused);
    await expect(register({} as never, "digits", { client })).rejects.toMatchObject(refused);
    for (const [text, problem] of [
      ["a: [", /is not YAML/],
      ["- a", /is not a YAML mapping/],
      [`a: ${"[".repeat(1_000)}`, /nested more than 100 levels/],
      [`a: ${"x".repeat(3 << 20)}`, /larger than/],
      [
        `a: &a [1]\nb: &b [${"*a,".repeat(99)}]\nc: &c [${"*b,".repeat(99)}]\nd: [${"*c,".repeat(99)}]\n`,
        /stands for more than/,
      ],
    ] as const) {
      const directory = join(temporaryDirectory(), "damaged");
      mkdirSync(directory);
      writeFileSync(join(directory, "MLmodel"), text);
      const attempt = register(directory, "digits", { client });
      await expect(attempt).rejects.toMatchObject({ code: "DATA_DAMAGED" });
      await expect(attempt).rejects.toThrow(problem);
    }
    expect((await client.registry.searchModels().page()).items).toEqual([]);
  });

  it("takes places that nothing here can read as they are", async () => {
    const client = await open();
    const version = await register("gs://bucket/model", "digits", { client });
    expect(version.source).toBe("gs://bucket/model");
    await expect(resolveModelUri("models:/digits/1", { client })).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      details: { scheme: "gs" },
    });
  });

  it("stops when it is told to", async () => {
    const client = await open();
    const watched: number[] = [];
    const onProgress = ({ transferredBytes, totalBytes }: { transferredBytes: number; totalBytes: number }) => {
      watched.push(transferredBytes / totalBytes);
    };
    await register(modelDirectory(), "digits", { client, onProgress });
    expect(watched.at(-1)).toBe(1);
    const signal = AbortSignal.abort();
    const attempt = register(modelDirectory({ flavors: {} }), "digits", { client, signal });
    await expect(attempt).rejects.toMatchObject({ code: "CANCELLED" });
    expect((await client.registry.searchVersions().page()).items).toHaveLength(1);
  });
});

describe("register with a registry of its own", () => {
  it("refers to what both see, and brings what only one does", async () => {
    const client = await connect(memoryBackend());
    const registryClient = await connect(join(temporaryDirectory(), "mlruns"));
    await using run = await startRun({ client, captureEnvironment: false });
    const { id } = await produceModel(client, run.id, 0);
    const version = await register(`models:/${id}`, "digits", { client, registryClient });
    expect(version.runId).toBe(undefined);
    expect(version.modelId).not.toBe(id);
    const resolved = await resolveModelUri("models:/digits/1", { client, registryClient });
    expect(resolved.localDirectory).toBe(resolved.location);
    expect(readFileSync(join(resolved.location, "MLmodel"), "utf8")).toContain(id);
    expect(await loggedModels(client)).toHaveLength(1);
  });
});
