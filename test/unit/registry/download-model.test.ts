import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ArtifactInfo, ArtifactStore } from "../../../src/contract/artifact-store.ts";
import { connect, registerBackend } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/index.ts";
import { downloadModel, resolveModelUri } from "../../../src/registry/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { mlmodelText, modelDirectory, modelFiles } from "../../support/model-directory.ts";

const client = await connect(memoryBackend());
const bytes = new TextEncoder().encode(mlmodelText({}));

/** A store that answers what a test makes up, behind the scheme `made-up:`. */
function madeUp(parts: Partial<ArtifactStore>): void {
  const mlmodel: ArtifactInfo = { path: "MLmodel", isDirectory: false, sizeBytes: bytes.length };
  const refuse = () => Promise.reject(new Error("not asked for"));
  const store: ArtifactStore = {
    uri: "made-up:/model",
    list: async () => [mlmodel],
    download: async (_path, file) => writeFileSync(file, bytes),
    read: async () => bytes,
    upload: refuse,
    write: refuse,
    delete: refuse,
    ...parts,
  };
  registerBackend("made-up", () => ({ ...memoryBackend(), artifacts: () => store }));
}

const listing = (...more: readonly ArtifactInfo[]) => [
  { path: "MLmodel", isDirectory: false, sizeBytes: bytes.length },
  ...more,
];

describe("downloadModel", () => {
  it("answers a directory with the model's files, and tells how far it is", async () => {
    const destination = join(temporaryDirectory(), "here");
    const watched: string[] = [];
    const directory = await downloadModel(modelDirectory(), {
      client,
      destination,
      onProgress: ({ transferredBytes, totalBytes, file }) => watched.push(`${file} ${transferredBytes <= totalBytes}`),
    });
    expect(directory).toBe(destination);
    expect(readdirSync(destination, { recursive: true }).sort()).toEqual(["data", ...Object.keys(modelFiles())].sort());
    expect(watched.sort()).toEqual(["MLmodel true", "data/weights.bin true", "model.onnx true"]);
  });

  it("puts nothing over what is there, unless it is asked to", async () => {
    const parent = temporaryDirectory();
    const destination = join(parent, "here");
    mkdirSync(destination);
    await downloadModel(modelDirectory(), { client, destination });
    writeFileSync(join(destination, "mine"), "");
    const attempt = downloadModel(modelDirectory(), { client, destination });
    await expect(attempt).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS", details: { path: destination } });
    expect(existsSync(join(destination, "mine"))).toBe(true);
    await downloadModel(modelDirectory(), { client, destination, overwrite: true });
    expect(existsSync(join(destination, "mine"))).toBe(false);
    expect(readdirSync(parent)).toEqual(["here"]);
    writeFileSync(join(parent, "file"), "");
    const onto = downloadModel(modelDirectory(), { client, destination: join(parent, "file"), overwrite: true });
    await expect(onto).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
  });

  it.each<[string, string, Partial<ArtifactStore>, string]>([
    ["no MLmodel", "RESOURCE_DOES_NOT_EXIST", { list: async () => [] }, "no MLmodel"],
    [
      "a directory called MLmodel",
      "RESOURCE_DOES_NOT_EXIST",
      { list: async () => [{ path: "MLmodel", isDirectory: true }] },
      "no MLmodel",
    ],
    [
      "names that lead out",
      "INVALID_PARAMETER_VALUE",
      { list: async () => listing({ path: "../../evil", isDirectory: false, sizeBytes: 1 }) },
      '".." segment',
    ],
    [
      "absolute names",
      "INVALID_PARAMETER_VALUE",
      { list: async () => listing({ path: "/etc/passwd", isDirectory: false, sizeBytes: 1 }) },
      "is absolute",
    ],
    [
      "another size than listed",
      "DATA_DAMAGED",
      { list: async () => listing({ path: "weights", isDirectory: false, sizeBytes: 1_000 }) },
      "has 1000 bytes by its listing",
    ],
    [
      "a listing without end",
      "DATA_DAMAGED",
      {
        list: async (directory) =>
          directory === undefined
            ? listing({ path: "a", isDirectory: true })
            : [{ path: `${directory}/a`, isDirectory: true }],
      },
      "levels deep",
    ],
    ["a file that breaks off", "STORAGE_ERROR", { download: async () => Promise.reject(broken()) }, "broke off"],
  ])("refuses %s, and leaves nothing behind", async (_, code, parts, problem) => {
    madeUp(parts);
    const parent = temporaryDirectory();
    const attempt = downloadModel("made-up:/model", { client, destination: join(parent, "in", "here") });
    await expect(attempt).rejects.toMatchObject({ code });
    await expect(attempt).rejects.toThrow(problem);
    expect(readdirSync(parent, { recursive: true }).filter((name) => name !== "in")).toEqual([]);
  });

  it("leaves nothing behind when it is stopped in the middle", async () => {
    const stop = new AbortController();
    madeUp({
      download: async (_path, file, control) => {
        writeFileSync(file, "half");
        stop.abort();
        control?.signal?.throwIfAborted();
      },
    });
    const parent = temporaryDirectory();
    mkdirSync(join(parent, "here"));
    writeFileSync(join(parent, "here", "mine"), "");
    const destination = join(parent, "here");
    const attempt = downloadModel("made-up:/model", { client, destination, overwrite: true, signal: stop.signal });
    await expect(attempt).rejects.toThrow();
    expect(readdirSync(parent, { recursive: true }).sort()).toEqual(["here", join("here", "mine")]);
  });

  it("follows no link out of a directory of models", async () => {
    const directory = modelDirectory();
    symlinkSync("/etc/passwd", join(directory, "passwd"));
    const target = await downloadModel(directory, { client, destination: join(temporaryDirectory(), "here") });
    expect(existsSync(join(target, "passwd"))).toBe(false);
  });
});

describe("resolveModelUri", () => {
  it("answers a local directory as it is", async () => {
    const directory = modelDirectory();
    const resolved = await resolveModelUri(directory, { client });
    expect(resolved).toMatchObject({ uri: directory, location: directory, localDirectory: directory });
    expect(readFileSync(join(directory, "MLmodel"))).toEqual(Buffer.from(await resolved.artifacts.read("MLmodel")));
    expect(await resolveModelUri(`file://${directory}/`, { client })).toMatchObject({ location: directory });
  });

  it("follows the sources of versions, but not for ever", async () => {
    const { registry } = client;
    for (const name of ["a", "b", "c"]) await registry.createModel({ name });
    await registry.createVersion({ name: "a", source: "models:/b/1" });
    await registry.createVersion({ name: "b", source: modelDirectory() });
    expect(await resolveModelUri("models:/a/1", { client })).toMatchObject({ name: "a", version: 1 });
    await registry.createVersion({ name: "c", source: "models:/c/latest" });
    await expect(resolveModelUri("models:/c/1", { client })).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });

  it("says what is not there", async () => {
    const { registry } = client;
    await registry.createModel({ name: "empty" });
    const codeOf = async (uri: string) => resolveModelUri(uri, { client }).catch((error) => error.code);
    expect(await codeOf("models:/nobody/1")).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(await codeOf("models:/empty/1")).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(await codeOf("models:/empty/Production")).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(await codeOf("models:/empty@champion")).toBe("INVALID_PARAMETER_VALUE");
    expect(await codeOf("models:/m-1")).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(await codeOf(`runs:/${"0".repeat(32)}/model`)).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(await codeOf(temporaryDirectory())).toBe("RESOURCE_DOES_NOT_EXIST");
    expect(await codeOf("https://host/model.zip")).toBe("NOT_IMPLEMENTED");
    expect(await codeOf("models:/a/b/c")).toBe("INVALID_PARAMETER_VALUE");
  });
});

const broken = () => Object.assign(new Error("broke off"), { code: "STORAGE_ERROR" });
