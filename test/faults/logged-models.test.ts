import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { type Client, connect, type ModelVersion, startRun } from "../../src/index.ts";
import { logModel } from "../../src/models/index.ts";
import { exportOnnx } from "../../src/onnx-export/index.ts";
import { register, resolveModelUri } from "../../src/registry/index.ts";
import { listFiles } from "../../src/tracking/stored-files.ts";
import { cutRequest, type Fault, FaultProxy, hang, loseAnswer, pass } from "../support/fault-proxy.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { mlp } from "../support/peer-models.ts";
import { leftOut } from "../support/peers.ts";
import { TrainingChild } from "../support/training-child.ts";
import { warnings } from "../support/warnings.ts";

const FILES = ["MLmodel", "conda.yaml", "model.onnx", "package.json", "python_env.yaml", "requirements.txt"];

function onnxFile(): string {
  const file = join(temporaryDirectory(), "mlp.onnx");
  writeFileSync(file, exportOnnx(mlp()));
  return file;
}

async function loggedModels(client: Client, experiment: string) {
  const { id } = (await client.experiments.getByName(experiment)) as { id: string };
  const models = [];
  for await (const model of client.loggedModels.search({ experimentIds: [id] })) models.push(model);
  return models;
}

async function versionsOf(client: Client, name: string): Promise<ModelVersion[]> {
  const versions = [];
  for await (const version of client.registry.searchVersions({ filter: `name = '${name}'` })) versions.push(version);
  return versions;
}

/** What is READY has all its files, and every version is of such a model. Answers the ids of these, but for those that are known. */
async function expectNothingHalf(client: Client, experiment: string, name: string, known = new Set<string>()) {
  const models = await loggedModels(client, experiment);
  const ready = models.filter(({ status }) => status === "READY").map(({ id }) => id);
  for (const id of ready.filter((other) => !known.has(other))) {
    const { artifacts } = await resolveModelUri(`models:/${id}`, { client });
    const files = await listFiles(artifacts);
    expect(files.map(({ path }) => path).sort(), id).toEqual(FILES);
  }
  for (const { source } of await versionsOf(client, name)) {
    expect(ready.map((id) => `models:/${id}`)).toContain(source);
  }
  return ready;
}

describe.skipIf(leftOut("python"))("a model that is logged and registered at a server", () => {
  const address = inject("mlflowAddress");

  it.each<[string, Fault]>([
    ["the request is cut", cutRequest],
    ["the answer is lost", loseAnswer],
  ])("is never READY by half, whichever request it is of which %s, and is logged by a repeat", async (kind, fault) => {
    // That a model is among the files of its run, because the server is away, is said many times.
    warnings();
    const proxy = await FaultProxy.start(address);
    const file = onnxFile();
    const [experiment, name] = [`models, ${kind}`, `spoiled where ${kind}`];
    await using client = await connect(address);
    await using spoiled = await connect(proxy.address, { maxRetries: 0 });
    await using run = await startRun({ client: spoiled, experiment, captureEnvironment: false });
    const log = () => logModel(run, file, { registeredModelName: name, alias: "champion" });
    const known = new Set<string>();
    let failures = 0;
    let isSpoiled = true;
    for (let nth = 1; isSpoiled; nth++) {
      const first = proxy.paths.length;
      isSpoiled = false;
      proxy.script = () => {
        if (proxy.paths.length - first !== nth) return pass;
        isSpoiled = true;
        return fault;
      };
      await log().catch(() => failures++);
      for (const id of await expectNothingHalf(client, experiment, name, known)) known.add(id);
      expect(nth).toBeLessThan(100);
    }
    // The last round had nothing to spoil any more.
    expect(failures).toBeGreaterThan(FILES.length);
    proxy.script = () => pass;
    const { version, modelId } = await log();
    const champion = await client.registry.getVersionByAlias({ name, alias: "champion" });
    expect(champion).toMatchObject({ version, status: "READY", source: `models:/${modelId}` });
    expect(await expectNothingHalf(client, experiment, name, known)).toContain(modelId);
  });

  it("is not registered where its process is killed in the middle of a file, and is by the next one", async () => {
    const proxy = await FaultProxy.start(address);
    const [experiment, registeredModelName] = ["models, killed", "killed"];
    const argument = { file: onnxFile(), experiment, registeredModelName };
    await using client = await connect(address);
    for (const file of ["model.onnx", "MLmodel", "requirements.txt"]) {
      const isFile = (path: string) => path.includes("/models/m-") && path.endsWith(`/${file}`);
      const first = proxy.paths.length;
      proxy.script = ({ path, incoming }) => (incoming.method === "PUT" && isFile(path) ? hang : pass);
      const child = new TrainingChild("faults/log-model.mjs", argument, proxy.address);
      while (!proxy.paths.slice(first).some(isFile)) await proxy.seen("", proxy.paths.length + 1);
      child.process.kill("SIGKILL");
      expect((await child.ended).signal, child.stderr).toBe("SIGKILL");
      expect(await expectNothingHalf(client, experiment, registeredModelName)).toEqual([]);
      expect(await versionsOf(client, registeredModelName)).toEqual([]);
    }
    const models = await loggedModels(client, experiment);
    expect(models.map(({ status }) => status)).toEqual(["PENDING", "PENDING", "PENDING"]);

    proxy.script = () => pass;
    const child = new TrainingChild("faults/log-model.mjs", argument, proxy.address);
    await child.says("version 1\n");
    expect((await child.ended).code, child.stderr).toBe(0);
    expect(await expectNothingHalf(client, experiment, registeredModelName)).toHaveLength(1);
  });

  it("cannot be registered while it is half", async () => {
    const proxy = await FaultProxy.start(address);
    const experiment = "models, half";
    await using client = await connect(address);
    await using spoiled = await connect(proxy.address, { maxRetries: 0 });
    await using run = await startRun({ client: spoiled, experiment, captureEnvironment: false });
    proxy.script = ({ path, incoming }) =>
      incoming.method === "PUT" && path.endsWith("/model.onnx") ? cutRequest : pass;
    await expect(logModel(run, onnxFile(), { name: "half" })).rejects.toMatchObject({
      code: "TEMPORARILY_UNAVAILABLE",
    });
    const [model] = await loggedModels(client, experiment);
    expect(model).toMatchObject({ name: "half", status: "FAILED" });
    for (const uri of [`models:/${model?.id}`, `runs:/${run.id}/half`]) {
      await expect(register(uri, "half", { client }), uri).rejects.toMatchObject({ code: "INVALID_STATE" });
    }
    expect(await versionsOf(client, "half")).toEqual([]);
  });
});
