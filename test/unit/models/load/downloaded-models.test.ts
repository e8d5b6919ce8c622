import { existsSync, mkdirSync, readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { describe, expect, it, vi } from "vitest";
import type { ArtifactStore } from "../../../../src/contract/artifact-store.ts";
import type { Backend } from "../../../../src/contract/backend.ts";
import { temporaryName } from "../../../../src/disk/temporary-name.ts";
import { fsBackend } from "../../../../src/fs/index.ts";
import { type Client, connect, startRun } from "../../../../src/index.ts";
import { memoryBackend } from "../../../../src/memory/index.ts";
import { loadModel, logModel, saveModel } from "../../../../src/models/index.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import { addOnnx, filesOf } from "../../../support/small-models.ts";

const MODEL_BYTES = addOnnx().length;

interface Remote {
  readonly client: Client;
  readonly backend: Backend;
  /** Files that were downloaded, in order. */
  readonly downloads: string[];
  /** Called before every download. */
  onDownload: (path: string) => void | Promise<void>;
}

/** A backend that is not on this machine's disk, and counts what is downloaded from it. */
async function remote(): Promise<Remote> {
  const inner = memoryBackend();
  const watched = (store: ArtifactStore): ArtifactStore => ({
    uri: store.uri,
    list: (directory) => store.list(directory),
    write: (path, bytes, control) => store.write(path, bytes, control),
    upload: (file, path, control) => store.upload(file, path, control),
    read: (path, control) => store.read(path, control),
    delete: (path) => store.delete(path),
    download: async (path, file, control) => {
      await state.onDownload(path);
      state.downloads.push(path);
      await store.download(path, file, control);
    },
  });
  const backend = { ...inner, artifacts: (uri: string) => watched(inner.artifacts(uri)) };
  const state: Remote = { client: await connect(backend), backend, downloads: [], onDownload: () => {} };
  return state;
}

async function logged(client: Client, options: object = {}) {
  const run = await startRun({ client, experiment: "models" });
  const info = await logModel(run, addOnnx(), { name: "add", ...options });
  await run.end();
  return { ...info, runId: run.id };
}

const cacheIn = (dir = temporaryDirectory()) => ({ dir, maxBytes: 1e9 });

async function ask(uri: string, options: object): Promise<string> {
  await using model = await loadModel(uri, { ort, ...options });
  expect(await model.predict([[1, 1]])).toEqual([[2, 3]]);
  return model.directory;
}

describe.each<[string, () => Promise<Client>]>([
  ["memory", async () => (await remote()).client],
  ["a directory", async () => await connect(fsBackend({ directory: join(temporaryDirectory(), "mlruns") }))],
])("a model in %s", (place, makeClient) => {
  it("is loaded by every URI it has", async () => {
    const client = await makeClient();
    const cache = cacheIn();
    const { runId, modelId } = await logged(client, { registeredModelName: "sum", alias: "best" });
    const uris = [
      `runs:/${runId}/add`,
      "models:/sum/1",
      "models:/sum@best",
      "models:/sum/latest",
      `models:/${modelId}`,
    ];
    const directories = new Set<string>();
    for (const uri of uris) directories.add(await ask(uri, { client, cache }));
    expect(directories.size).toBe(1);
    // What is on this disk stays where it is.
    expect(readdirSync(cache.dir)).toHaveLength(place === "memory" ? 1 : 0);
    await expect(loadModel("models:/sum/2", { client, ort })).rejects.toMatchObject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
    await expect(loadModel(`runs:/${runId}/none`, { client, ort })).rejects.toMatchObject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  });
});

describe("a model that is not on this machine", () => {
  it("is downloaded once, and again when it has changed", async () => {
    const { client, backend, downloads } = await remote();
    const { uri, modelId } = await logged(client);
    const cache = cacheIn();
    const progress: number[] = [];
    const first = await ask(uri, {
      client,
      cache,
      onProgress: (p: { transferredBytes: number }) => progress.push(p.transferredBytes),
    });
    expect(downloads.sort()).toEqual(filesOf(first));
    expect(Math.max(...progress)).toBeGreaterThan(MODEL_BYTES);
    expect(await ask(uri, { client, cache })).toBe(first);
    expect(downloads).toHaveLength(filesOf(first).length);
    const { artifactLocation } = await client.loggedModels.get(modelId as string);
    await backend.artifacts(artifactLocation).write("note.txt", new TextEncoder().encode("new"));
    const second = await ask(uri, { client, cache });
    expect(second).not.toBe(first);
    expect(filesOf(second)).toContain("note.txt");
    expect(readdirSync(cache.dir)).toHaveLength(2);
  });

  it("is in the cache whole, or not at all", async () => {
    const state = await remote();
    const { uri } = await logged(state.client);
    const cache = cacheIn();
    state.onDownload = (path) => {
      if (path === "model.onnx") throw new Error("cut off");
    };
    await expect(loadModel(uri, { client: state.client, cache, ort })).rejects.toThrow("cut off");
    expect(readdirSync(cache.dir)).toEqual([]);
    state.onDownload = () => {};
    await ask(uri, { client: state.client, cache });
  });

  it("is brought again where somebody has cleaned up in the cache", async () => {
    const { client, downloads } = await remote();
    const { uri } = await logged(client);
    const cache = cacheIn();
    const directory = await ask(uri, { client, cache });
    truncateSync(join(directory, "model.onnx"), 10);
    downloads.length = 0;
    expect(await ask(uri, { client, cache })).toBe(directory);
    expect(downloads).toContain("model.onnx");
    expect(readdirSync(cache.dir)).toHaveLength(1);
  });

  it("may be loaded twice at once", async () => {
    const { client } = await remote();
    const { uri } = await logged(client);
    const cache = cacheIn();
    const directories = await Promise.all(Array.from({ length: 4 }, () => ask(uri, { client, cache })));
    expect(new Set(directories).size).toBe(1);
    expect(readdirSync(cache.dir)).toHaveLength(1);
  });

  it("gives way to others, the least recently used first", async () => {
    const { client } = await remote();
    const models = [await logged(client), await logged(client), await logged(client)];
    const cache = cacheIn();
    const [a, b] = [
      await ask(models[0]?.uri as string, { client, cache }),
      await ask(models[1]?.uri as string, { client, cache }),
    ];
    const age = (directory: string, minutes: number) => {
      const then = new Date(Date.now() - minutes * 60_000);
      utimesSync(directory, then, then);
    };
    age(a, 30);
    age(b, 60);
    // Being used is what counts.
    await ask(models[1]?.uri as string, { client, cache });
    const sizeBytes = filesOf(a).reduce((sum, file) => sum + statSync(join(a, file)).size, 0);
    const c = await ask(models[2]?.uri as string, { client, cache: { dir: cache.dir, maxBytes: 2.5 * sizeBytes } });
    expect([existsSync(a), existsSync(b), existsSync(c)]).toEqual([false, true, true]);
    // What is in use stays, whatever the limit.
    await ask((await logged(client)).uri, { client, cache: { dir: cache.dir, maxBytes: 1 } });
    expect(existsSync(c)).toBe(true);
  });

  it("leaves nothing of a download whose process was killed, after a day", async () => {
    const { client } = await remote();
    const cache = cacheIn();
    const [old, young] = [join(cache.dir, temporaryName()), join(cache.dir, temporaryName())];
    for (const directory of [old, young]) mkdirSync(directory);
    const then = new Date(Date.now() - 25 * 3_600_000);
    utimesSync(old, then, then);
    await ask((await logged(client)).uri, { client, cache });
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
  });

  it("is nowhere after it is closed, with cache: false", async () => {
    const { client } = await remote();
    const { uri } = await logged(client);
    const directory = await ask(uri, { client, cache: false });
    expect(existsSync(directory)).toBe(false);
    const before = await loadModel(uri, { client, ort, cache: false });
    expect(existsSync(before.directory)).toBe(true);
    vi.spyOn(before.native as ort.InferenceSession, "release").mockRejectedValue(new Error("stuck"));
    await expect(before.close()).rejects.toThrow("stuck");
    expect(existsSync(before.directory)).toBe(false);
  });

  it.each([false, true])("is no more of a download that was stopped (cache: %s)", async (cached) => {
    const state = await remote();
    const { uri } = await logged(state.client);
    const abort = new AbortController();
    const { dir } = cacheIn();
    vi.stubEnv("TMPDIR", dir);
    const { client } = state;
    state.onDownload = () => abort.abort();
    try {
      const cache = cached ? { dir } : (false as const);
      const attempt = loadModel(uri, { client, ort, cache, signal: abort.signal });
      await expect(attempt).rejects.toMatchObject({ code: "CANCELLED" });
    } finally {
      vi.unstubAllEnvs();
    }
    expect(readdirSync(dir)).toEqual([]);
  });

  it("cannot be kept where the cache has no place", async () => {
    const { client } = await remote();
    const { uri } = await logged(client);
    const file = join(temporaryDirectory(), "file");
    writeFileSync(file, "");
    const attempt = loadModel(uri, { client, ort, cache: { dir: join(file, "cache") } });
    await expect(attempt).rejects.toMatchObject({ code: expect.stringMatching(/^STORAGE_/) });
    expect(readdirSync(dirname(file))).toEqual(["file"]);
  });

  it("is kept where the environment says", async () => {
    const { client } = await remote();
    const { uri } = await logged(client);
    const directory = temporaryDirectory();
    vi.stubEnv("TIDEMARK_CACHE_DIR", directory);
    try {
      expect(dirname(await ask(uri, { client }))).toBe(join(directory, "models"));
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("may be named by where its files are", async () => {
    const { client } = await remote();
    const { modelId } = await logged(client);
    const { artifactLocation } = await client.loggedModels.get(modelId as string);
    await ask(artifactLocation, { client, cache: cacheIn() });
    const local = join(temporaryDirectory(), "a model");
    await saveModel(local, addOnnx());
    await ask(new URL(`file://${local}`).href, { client });
  });
});
