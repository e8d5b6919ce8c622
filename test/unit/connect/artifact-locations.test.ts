import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { localDirectoryOf, openArtifacts } from "../../../src/connect/artifact-locations.ts";
import { connect, registerBackend } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { modelDirectory } from "../../support/model-directory.ts";
import { say, scriptedServer } from "../../support/scripted-http.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const ROUTE = "/api/2.0/mlflow-artifacts/artifacts";
const files = say(200, { files: [{ path: "MLmodel", is_dir: false, file_size: 3 }] });
const listed = [{ path: "MLmodel", isDirectory: false, sizeBytes: 3 }];

describe("openArtifacts", () => {
  it("has the client's own backend open what it has put somewhere", async () => {
    const client = await connect(memoryBackend());
    await client.backend.artifacts("memory:0/a").write("b/c.txt", new Uint8Array(3));
    const store = await openArtifacts("memory:0/a/b", client);
    expect(await store.list()).toEqual([{ path: "c.txt", isDirectory: false, sizeBytes: 3 }]);
    expect(await (await openArtifacts("memory:0/a/b", await connect(memoryBackend()))).list()).toEqual([]);
  });

  it("opens local paths for everybody", async () => {
    const directory = modelDirectory();
    const clients = [await connect(memoryBackend()), await connect(temporaryDirectory()), await connect("http://host")];
    for (const client of clients) {
      for (const location of [directory, pathToFileURL(directory).href]) {
        const store = await openArtifacts(location, client);
        expect((await store.list()).map(({ path }) => path)).toContain("MLmodel");
        expect(await localDirectoryOf(store)).toBe(directory);
      }
    }
  });

  it("opens what a plugged-in backend has", async () => {
    const backend = memoryBackend();
    await backend.artifacts("plugged://x/y").write("a", new Uint8Array(1));
    registerBackend("plugged", async () => backend);
    const store = await openArtifacts("plugged://x/y", await connect(temporaryDirectory()));
    expect(await store.list()).toHaveLength(1);
    expect(await localDirectoryOf(store)).toBe(undefined);
  });

  it("opens an address at a server as anybody, whatever the environment says", async () => {
    vi.stubEnv("MLFLOW_TRACKING_TOKEN", "secret");
    vi.stubEnv("MLFLOW_WORKSPACE", "ours");
    const server = await scriptedServer(files);
    const location = `${server.url.replace("//", "//user:password@")}/prefix${ROUTE}/0/a%20model/`;
    const store = await openArtifacts(location, await connect(temporaryDirectory()));
    expect(await store.list()).toEqual(listed);
    expect(store.uri).not.toContain("password");
    const [request] = server.received;
    expect(request?.url).toBe(`/prefix${ROUTE}?path=0%2Fa+model`);
    expect(Object.keys(request?.headers ?? {})).not.toContain("x-mlflow-workspace");
    expect(request?.headers.authorization).toBe(undefined);
  });

  it("tells only its own server who a client is", async () => {
    const server = await scriptedServer(files);
    const client = await connect(server.url, { token: "secret", headers: { "x-team": "vision" } });
    const elsewhere = server.url.replace("127.0.0.1", "localhost");
    for (const base of [elsewhere, server.url]) {
      expect(await (await openArtifacts(`${base}${ROUTE}/0/model`, client)).list()).toEqual(listed);
    }
    const seen = server.received.map(({ headers }) => [headers.authorization, headers["x-team"]]);
    expect(seen).toEqual([
      [undefined, undefined],
      ["Bearer secret", "vision"],
    ]);
  });

  it.each([
    [`http://host${ROUTE}/0/%2e%2e/other`, "DATA_DAMAGED"],
    [`http://host${ROUTE}/../../../../elsewhere${ROUTE}/x`, "DATA_DAMAGED"],
    [`http://host${ROUTE}/0/..%2fother`, "DATA_DAMAGED"],
    [`http://host${ROUTE}/%ff`, "DATA_DAMAGED"],
    [`http://host${ROUTE}/x?token=secret`, "NOT_IMPLEMENTED"],
    ["http://host/model.zip", "NOT_IMPLEMENTED"],
    ["gs://bucket/model", "NOT_IMPLEMENTED"],
    ["mlflow-artifacts:/0/model", "NOT_IMPLEMENTED"],
    ["memory:0/a", "NOT_IMPLEMENTED"],
  ])("opens nothing at %s", async (location, code) => {
    const client = await connect(join(temporaryDirectory(), "mlruns"));
    await expect(openArtifacts(location, client)).rejects.toMatchObject({ code });
  });
});
