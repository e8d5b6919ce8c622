import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, connect } from "../../src/index.ts";
import { downloadModel, promote, register, resolveModelUri } from "../../src/registry/index.ts";
import { localFiles } from "../../src/tracking/artifact-transfers.ts";
import { cutRequest, FaultProxy, pass } from "../support/fault-proxy.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { modelDirectory } from "../support/model-directory.ts";
import { onnxModelDirectory } from "../support/onnx-model-directory.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";

/** What Python sees of one model URI. */
interface PythonView {
  readonly files: Readonly<Record<string, string>>;
  readonly prediction: unknown;
  readonly version?: Readonly<Record<string, unknown>>;
}

/** What `registered.py write` has made. */
interface PythonModels {
  readonly runId: string;
  readonly modelId: string;
  readonly logged: Readonly<Record<string, string>>;
  readonly saved: Readonly<Record<string, string>>;
  readonly artifactUri: string;
}

/** SHA-256 by path; without what Python adds to what it has downloaded. */
async function digestsOf(directory: string): Promise<Record<string, string>> {
  const files = (await localFiles(directory)).filter(({ path }) => path !== "registered_model_meta");
  return Object.fromEntries(
    files.map(({ path, localFile }) => [path, createHash("sha256").update(readFileSync(localFile)).digest("hex")]),
  );
}

const sums = [[10, 10]];

describe.skipIf(leftOut("python"))("registered models", () => {
  let server: MlflowServer;
  beforeAll(async () => {
    server = await startMlflowServer({});
  });
  afterAll(() => server?.kill());

  describe.each(["a directory", "a server"])("in %s", (kind) => {
    async function open(): Promise<{ client: Client; uri: string; cwd: string; isServer: boolean }> {
      const cwd = temporaryDirectory();
      const isServer = kind === "a server";
      const uri = isServer ? server.address : pathToFileURL(join(cwd, "mlruns")).href;
      return { client: await connect(uri), uri, cwd, isServer };
    }
    const readByPython = async (uri: string, cwd: string, ...uris: string[]) =>
      (await runPython("registered.py", ["read", uri, ...uris], cwd)) as Readonly<Record<string, PythonView>>;

    it("that are made here are loaded by Python, with their lineage", async () => {
      const { client, uri, cwd, isServer } = await open();
      // No open run: one that begins while a busy server does not answer would have an id of its own.
      const { id: runId } = await client.runs.create({
        experimentId: await client.experiments.create({ name: "by us" }),
      });
      const directory = onnxModelDirectory({ runId });
      const files = await digestsOf(directory);
      await client.artifacts.upload({ runId, localPath: directory, path: "the best" });
      const name = `by us, ${kind}`;
      const uploaded = await register(directory, name, {
        client,
        alias: "champion",
        description: "# up",
        tags: { a: "b" },
      });
      const inRun = await register(`runs:/${runId}/the best/model`, name, { client, alias: "challenger" });
      const copy = await register(`models:/${name}/1`, `${name} copied`, { client });
      expect([uploaded, inRun, copy].map(({ version, status }) => [version, status])).toEqual([
        [1, "READY"],
        [2, "READY"],
        [1, "READY"],
      ]);
      await promote({ client, from: `models:/${name}@challenger`, to: { name: `${name} promoted`, alias: "best" } });

      const [first, second] = [`models:/${name}/1`, `models:/${name}@challenger`];
      const [copied, promoted] = [`models:/${name} copied/1`, `models:/${name} promoted@best`];
      const seen = await readByPython(uri, cwd, first, second, copied, promoted, uploaded.source);
      const modelId = uploaded.source.slice("models:/".length);
      // A database keeps no id of a logged model with a version.
      const known = isServer ? {} : { modelId };
      expect(seen[first]?.version).toMatchObject({
        source: `models:/${modelId}`,
        status: "READY",
        runId,
        description: "# up",
        tags: { a: "b" },
        aliases: ["champion"],
        ...known,
      });
      expect(seen[second]?.version).toMatchObject({ status: "READY", runId, aliases: ["challenger"] });
      expect(seen[copied]?.version).toMatchObject({ source: first, runId, ...known });
      expect(seen[promoted]?.version).toMatchObject({ source: `models:/${name}/2`, runId, aliases: ["best"] });
      for (const view of Object.values(seen)) expect(view).toMatchObject({ files, prediction: sums });
      const { tags } = await client.loggedModels.get(modelId);
      // A server writes the number of a version as a text.
      const noted = JSON.parse(tags["mlflow.modelVersions"] ?? "") as { name: string; version: unknown }[];
      expect(noted.map((version) => `${version.name}/${version.version}`)).toContain(`${name}/1`);
    });

    it("that Python has made are found and downloaded here, by URIs of all forms", async () => {
      const { client, uri, cwd } = await open();
      const onnxFile = join(onnxModelDirectory(), "model.onnx");
      const theirs = (await runPython("registered.py", ["write", uri, onnxFile], cwd)) as PythonModels;
      const { runId, modelId, logged, saved } = theirs;
      const byName = "models:/by Python";
      const lineage = { runId, modelId };
      const expected: [string, object, Readonly<Record<string, string>>][] = [
        [`${byName}/1`, { name: "by Python", version: 1, ...lineage }, logged],
        [`${byName}@champion`, { name: "by Python", version: 1, ...lineage }, logged],
        [`${byName}/2`, { name: "by Python", version: 2, runId }, saved],
        [`${byName}/latest`, { name: "by Python", version: 2, runId }, saved],
        [`${byName}/production`, { name: "by Python", version: 2, runId }, saved],
        ["models:/copied by Python/1", { name: "copied by Python", version: 1, runId }, logged],
        [`models:/${modelId}`, lineage, logged],
        [`runs:/${runId}/net`, lineage, logged],
        [`runs:/${runId}/old way/model`, { runId }, saved],
      ];
      for (const [modelUri, facts, files] of expected) {
        const resolved = await resolveModelUri(modelUri, { client });
        expect(resolved, modelUri).toMatchObject(facts);
        const directory = await downloadModel(modelUri, { client, destination: join(cwd, "ours"), overwrite: true });
        const own = resolved.localDirectory === undefined ? {} : { registered_model_meta: expect.any(String) };
        expect({ ...(await digestsOf(directory)), ...own }, modelUri).toMatchObject(files);
      }
      // Where nothing but the address is known.
      const location = (await resolveModelUri(`${byName}/1`, { client })).location;
      const whole = location.replace("mlflow-artifacts:", `${uri}/api/2.0/mlflow-artifacts/artifacts`);
      const stranger = await connect(join(cwd, "elsewhere"));
      const directory = await downloadModel(whole, { client: stranger, destination: join(cwd, "stranger") });
      expect(await digestsOf(directory)).toMatchObject(logged);
    });
  });

  it("go to a server from a directory, with their files, and are loaded from there", async () => {
    const cwd = temporaryDirectory();
    const client = await connect(join(cwd, "mlruns"));
    const directory = onnxModelDirectory();
    await register(directory, "moved", { client, alias: "challenger", tags: { a: "b" } });
    const to = { alias: "champion", client: await connect(server.address) };
    const { version, copied } = await promote({ client, from: "models:/moved@challenger", to });
    expect({ copied, version }).toMatchObject({ copied: true, version: { name: "moved", version: 1 } });
    const again = await promote({ client, from: "models:/moved@challenger", to });
    expect(again).toEqual({ version, copied: false, previous: 1 });
    const uri = "models:/moved@champion";
    const seen = (await runPython("registered.py", ["read", server.address, uri], cwd)) as Record<string, PythonView>;
    expect(seen[uri]).toMatchObject({
      files: await digestsOf(directory),
      prediction: sums,
      version: { tags: { a: "b" } },
    });
  });

  it("get the versions 1 to 40 from 40 callers at once", async () => {
    const client = await connect(server.address);
    const { source } = await register(modelDirectory(), "seed", { client });
    const all = await Promise.all(Array.from({ length: 40 }, () => register(source, "raced for", { client })));
    expect(all.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
  });

  it("are not made by an upload that breaks off, which the same call then finishes", async () => {
    const proxy = await FaultProxy.start(server.address);
    const client = await connect(proxy.address, { maxRetries: 0 });
    const directory = modelDirectory({ files: { "big.bin": "x".repeat(300_000) } });
    const isBig = (path: string) => path.endsWith("/big.bin");
    proxy.script = ({ path, incoming }) => (isBig(path) && incoming.method === "PUT" ? cutRequest : pass);
    await expect(register(directory, "interrupted", { client })).rejects.toMatchObject({
      code: "TEMPORARILY_UNAVAILABLE",
    });
    await expect(client.registry.getModel("interrupted")).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    const models = async () =>
      (await client.loggedModels.search({ experimentIds: ["0"], filter: "name = 'interrupted'" }).page()).items;
    expect(await models()).toMatchObject([{ status: "FAILED" }]);
    proxy.script = () => pass;
    const version = await register(directory, "interrupted", { client });
    expect(await models()).toMatchObject([{ status: "READY", id: version.source.slice("models:/".length) }]);
    const target = await downloadModel("models:/interrupted/1", {
      client,
      destination: join(temporaryDirectory(), "x"),
    });
    expect(statSync(join(target, "big.bin")).size).toBe(300_000);
    expect(await digestsOf(target)).toEqual(await digestsOf(directory));
  });
});
