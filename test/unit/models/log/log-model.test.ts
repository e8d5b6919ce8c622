import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../../../../src/contract/backend.ts";
import { fsBackend } from "../../../../src/fs/index.ts";
import { connect, startRun } from "../../../../src/index.ts";
import { memoryBackend } from "../../../../src/memory/index.ts";
import { loadModel, logModel, parseMlmodel } from "../../../../src/models/index.ts";
import { withFailingUploads } from "../../../support/failing-artifacts.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import { addOnnx, customModel } from "../../../support/small-models.ts";
import { warnings } from "../../../support/warnings.ts";

const FILES = ["MLmodel", "conda.yaml", "model.onnx", "package.json", "python_env.yaml", "requirements.txt"];
const backends: [string, () => Backend][] = [
  ["memory", memoryBackend],
  ["a directory", () => fsBackend({ directory: join(temporaryDirectory(), "mlruns") })],
];

async function begin(backend: Backend) {
  const client = await connect(backend);
  const run = await startRun({ client, experiment: "models", params: { depth: "3" } });
  return { client, run, backend };
}

/** Files of a logged model, or of a run's artifacts. */
async function filesAt(backend: Backend, uri: string): Promise<string[]> {
  return (await backend.artifacts(uri).list()).map(({ path }) => path).sort();
}

afterEach(() => vi.unstubAllEnvs());

describe.each(backends)("logModel over %s", (_, makeBackend) => {
  it("makes a logged model that is ready, with params, tags and metrics, and an output of its run", async () => {
    const { client, run, backend } = await begin(makeBackend());
    run.logMetrics({ loss: 0.5, accuracy: 0.8 }, { step: 3 });
    run.logMetric("loss", 0.25, { step: 7 });
    run.logMetric("system/cpu", 1, { step: 7 });
    const logged = await logModel(run, addOnnx(), { name: "add", tags: { kind: "sum" }, modelType: "onnx" });
    expect(logged).toMatchObject({
      uri: `models:/${logged.modelId}`,
      name: "add",
      flavors: ["onnx", "python_function"],
      warnings: [],
    });
    const model = await client.loggedModels.get(logged.modelId as string);
    expect(model).toMatchObject({
      name: "add",
      status: "READY",
      modelType: "onnx",
      sourceRunId: run.id,
      params: { depth: "3" },
      tags: { kind: "sum" },
    });
    const byKey = Object.fromEntries(model.metrics.map(({ key, value, step }) => [key, [value, step]]));
    expect(byKey).toEqual({ loss: [0.25, 7], accuracy: [0.8, 3] });
    expect(await filesAt(backend, model.artifactLocation)).toEqual(FILES);
    const text = new TextDecoder().decode(await backend.artifacts(model.artifactLocation).read("MLmodel"));
    expect(parseMlmodel("MLmodel", text)).toMatchObject({
      model_id: model.id,
      model_uuid: model.id,
      run_id: run.id,
      artifact_path: model.artifactLocation,
    });
    await run.end();
    expect((await client.runs.get(run.id)).modelOutputs).toEqual([{ modelId: model.id, step: 7 }]);
  });

  it("links the metrics of one step, with params of the model's own", async () => {
    const { client, run } = await begin(makeBackend());
    run.logMetrics({ loss: 0.5, accuracy: 0.8 }, { step: 3 });
    run.logMetric("loss", 0.25, { step: 7 });
    const { modelId } = await logModel(run, addOnnx(), { step: 7, params: { width: "2" } });
    const model = await client.loggedModels.get(modelId as string);
    expect(model.name).toBe("model");
    expect(model.params).toEqual({ width: "2" });
    expect(model.metrics.map(({ key }) => key)).toEqual(["loss"]);
    await run.end();
  });

  it("registers it, with an alias", async () => {
    const { client, run } = await begin(makeBackend());
    const first = await logModel(run, addOnnx(), { registeredModelName: "sum", alias: "best" });
    const second = await logModel(run, addOnnx(), { registeredModelName: "sum", alias: "best" });
    expect([first.version, second.version]).toEqual([1, 2]);
    const version = await client.registry.getVersionByAlias({ name: "sum", alias: "best" });
    expect(version).toMatchObject({ version: 2, runId: run.id });
    await run.end();
    await using model = await loadModel("models:/sum@best", { client, ort, cache: false });
    expect(model.modelId).toBe(second.modelId);
    expect(model.runId).toBe(run.id);
  });

  it("says that an upload failed; a repeat works", async () => {
    const failing = withFailingUploads(makeBackend());
    const { client, run } = await begin(failing.backend);
    failing.fails = (path) => path === "model.onnx";
    await expect(logModel(run, addOnnx(), { name: "add" })).rejects.toMatchObject({ code: "STORAGE_FULL" });
    failing.fails = () => false;
    const { modelId } = await logModel(run, addOnnx(), { name: "add" });
    await run.end();
    const { items } = await client.loggedModels.search({ experimentIds: [run.experimentId] }).page();
    expect(items.map(({ id, status }) => [id === modelId, status]).sort()).toEqual([
      [false, "FAILED"],
      [true, "READY"],
    ]);
  });

  it("says that its run does not know it: it is no longer pending then", async () => {
    const backend = makeBackend();
    const { client, run } = await begin(backend);
    vi.spyOn(run.home.backend.tracking, "logModelOutputs").mockRejectedValue(new Error("no outputs"));
    await expect(logModel(run, addOnnx())).rejects.toThrow("no outputs");
    const { items } = await client.loggedModels.search({ experimentIds: [run.experimentId] }).page();
    expect(items.map(({ status }) => status)).toEqual(["FAILED"]);
  });

  it("makes nothing of what cannot be saved", async () => {
    const { client, run } = await begin(makeBackend());
    for (const options of [
      { metadata: { f: () => 1 } },
      { inputExample: [[1, 2, 3]] },
      { strict: true, onnx: "no.onnx" },
    ]) {
      await expect(logModel(run, addOnnx(), options)).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    }
    const { items } = await client.loggedModels.search({ experimentIds: [run.experimentId] }).page();
    expect(items).toEqual([]);
    await run.end();
  });

  it("stops when its signal fires, and the model is failed", async () => {
    const { client, run } = await begin(makeBackend());
    const abort = new AbortController();
    const attempt = logModel(run, addOnnx(), { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(attempt).rejects.toMatchObject({ code: "CANCELLED" });
    const { items } = await client.loggedModels.search({ experimentIds: [run.experimentId] }).page();
    expect(items.map(({ status }) => status)).toEqual(["FAILED"]);
    await run.end();
  });

  it("is waited for by the end of its run", async () => {
    const { client, run } = await begin(makeBackend());
    let isDone = false;
    const logging = logModel(run, addOnnx(), { name: "add" }).then(() => {
      isDone = true;
    });
    await run.end();
    expect(isDone).toBe(true);
    await logging;
    expect((await client.runs.get(run.id)).modelOutputs).toHaveLength(1);
  });

  it("works when the run has ended", async () => {
    const { client, run } = await begin(makeBackend());
    run.logMetric("loss", 1);
    await run.end();
    const { modelId } = await logModel(run, addOnnx());
    const model = await client.loggedModels.get(modelId as string);
    expect([model.status, model.metrics.length]).toEqual(["READY", 1]);
  });

  it("uses the artifacts of the run where there are no logged models", async () => {
    const { loggedModels: _, ...backend } = makeBackend();
    const { client, run } = await begin(backend);
    const logged = await logModel(run, addOnnx(), { name: "add", registeredModelName: "sum" });
    expect(logged).toMatchObject({ uri: `runs:/${run.id}/add`, flavors: ["onnx", "python_function"] });
    expect(logged.modelId).toBeUndefined();
    expect(await filesAt(backend, `${run.artifactUri}/add`)).toEqual(FILES);
    await run.end();
    await using model = await loadModel(logged.uri, { client, ort, cache: false });
    expect(await model.predict([[1, 1]])).toEqual([[2, 3]]);
  });
});

describe("logModel", () => {
  it("says what the model cannot do, once", async () => {
    const said = warnings();
    const { run } = await begin(memoryBackend());
    const { warnings: told } = await logModel(run, customModel());
    expect(said).toEqual(told.map((warning) => `tidemark: ${warning}`));
    expect(said).toHaveLength(1);
    await run.end();
  });

  it("does nothing where all is switched off", async () => {
    vi.stubEnv("TIDEMARK_DISABLED", "1");
    const directory = join(temporaryDirectory(), "mlruns");
    const run = await startRun({ client: await connect(directory) });
    const logged = await logModel(run, addOnnx(), { name: "add" });
    expect(logged).toMatchObject({ name: "add", flavors: [] });
    await run.end();
    expect(existsSync(directory) ? readdirSync(directory) : []).toEqual([]);
  });

  it("leaves nothing in the directory for temporary files", async () => {
    const directory = temporaryDirectory();
    const { run } = await begin(memoryBackend());
    vi.stubEnv("TMPDIR", directory);
    await logModel(run, addOnnx());
    await expect(logModel(run, new Uint8Array(2))).rejects.toThrow();
    expect(readdirSync(directory)).toEqual([]);
    await run.end();
  });

  it("is seen in MLflow's own layout", async () => {
    const mlruns = join(temporaryDirectory(), "mlruns");
    const { run } = await begin(fsBackend({ directory: mlruns }));
    const { modelId } = await logModel(run, addOnnx());
    await run.end();
    const directory = join(mlruns, run.experimentId, "models", modelId as string);
    expect(readdirSync(join(directory, "artifacts")).sort()).toEqual(FILES);
    expect(readFileSync(join(directory, "meta.yaml"), "utf8")).toContain("status: 2");
  });

  it.each<[string, unknown, object, string]>([
    ["a run", undefined, {}, "run"],
    ["a run", {}, {}, "run"],
    ["a name of one word", "run", { name: "a/b" }, "options"],
    ["a registered model beside an alias", "run", { alias: "best" }, "options.alias"],
    ["options that there are", "run", { nam: "x" }, "options"],
  ])("needs %s", async (_, given, options, argument) => {
    const { run } = await begin(memoryBackend());
    const attempt = logModel((given === "run" ? run : given) as never, addOnnx(), options);
    await expect(attempt).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE", details: { argument } });
    await run.end();
  });
});
