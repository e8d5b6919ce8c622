import { createHash, randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Client, connect, startRun } from "../../src/index.ts";
import { contentHeaders, KNOWN_ENDINGS } from "../../src/s3/content-type.ts";
import { s3Artifacts } from "../../src/s3/index.ts";
import { succeed } from "../support/child.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut, pythonPath } from "../support/peers.ts";
import { pythonEnvironment } from "../support/python.ts";
import { repository } from "../support/repository.ts";
import { type S3Storage, startS3Storage } from "../support/s3-storage.ts";

const MIB = 2 ** 20;
const BUCKET = "artifacts";
const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe.skipIf(leftOut("python"))("a bucket beside Python", () => {
  let storage: S3Storage;
  beforeAll(async () => {
    storage = await startS3Storage();
  });
  afterAll(() => storage?.kill());

  beforeEach(() => {
    for (const [name, value] of Object.entries(storage.env)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
  });

  async function python<T>(step: string, argument: string): Promise<T> {
    const script = join(repository, "test/peers/python/s3.py");
    const env = { ...pythonEnvironment, ...storage.env };
    return JSON.parse(
      await succeed(pythonPath(), [script, BUCKET, step, argument], { cwd: temporaryDirectory(), env }),
    ) as T;
  }

  const newPlace = () => `s3://${BUCKET}/${randomUUID()}`;
  const prefixOf = (uri: string) => uri.slice(`s3://${BUCKET}/`.length);

  it("has what we write, with each checksum, and boto3 and MLflow read it", async () => {
    const uri = newPlace();
    const large = randomBytes(20 * MIB);
    const file = join(temporaryDirectory(), "large.json");
    writeFileSync(file, large);
    const files: Record<string, { sha256: string; type: unknown; encoding: string | null }> = {};
    const sha256 = (text: string) => digest(Buffer.from(text));
    for (const checksum of ["md5", "crc32", "sha256"] as const) {
      const store = s3Artifacts(`${uri}/${checksum}`, { checksum });
      await store.upload(file, "d/large.json");
      await store.write("d e/ü +名.txt", Buffer.from("Grüße"));
      await store.write("data.csv.gz", Buffer.from("x"));
      await store.write("empty", new Uint8Array());
      files[`${checksum}/d/large.json`] = { sha256: digest(large), type: "application/json", encoding: null };
      files[`${checksum}/d e/ü +名.txt`] = { sha256: sha256("Grüße"), type: "text/plain", encoding: null };
      files[`${checksum}/data.csv.gz`] = { sha256: sha256("x"), type: "text/csv", encoding: "gzip" };
      files[`${checksum}/empty`] = { sha256: sha256(""), type: expect.any(String), encoding: null };
    }
    const prefix = prefixOf(uri);
    const all = Object.entries(files);
    expect(await python("objects", prefix)).toEqual(
      Object.fromEntries(all.map(([path, is]) => [`${prefix}/${path}`, is])),
    );
    expect(await python("download", uri)).toEqual(Object.fromEntries(all.map(([path, { sha256 }]) => [path, sha256])));
  });

  it("has what Python writes, and we list it as MLflow does, and read it", async () => {
    const uri = newPlace();
    const sha256 = await python<string>("write", prefixOf(uri));
    const store = s3Artifacts(uri);
    const ours = (await store.list()).map((info) => [
      info.path,
      info.isDirectory,
      info.isDirectory ? null : info.sizeBytes,
    ]);
    expect(ours).toEqual(await python("listed", uri));
    expect(ours).toEqual([
      ["a b", true, null],
      ["empty", false, 0],
      ["large.bin", false, 20 * MIB],
    ]);
    expect(await store.list("a b")).toEqual([{ path: "a b/ü +名.txt", isDirectory: false, sizeBytes: 7 }]);
    expect(Buffer.from(await store.read("a b/ü +名.txt")).toString()).toBe("Grüße");
    const file = join(temporaryDirectory(), "large.bin");
    await store.download("large.bin", file);
    expect(digest(readFileSync(file))).toBe(sha256);
  });

  it("is given the types that Python guesses, for every ending that we know", async () => {
    const names = [
      ...KNOWN_ENDINGS.map((ending) => `x.${ending}`),
      ...[
        "a.csv.gz",
        "a.TXT",
        "a.tar.xz",
        "a.tgz",
        "a.b.svgz",
        "a.Z",
        "a.gz",
        "a.JSON.bz2",
        "a.json.BZ2",
        "MLmodel",
        ".json",
      ],
      ...[".bashrc.txt", "model.onnx", "data.parquet", "x.", "no ending", "a.yaml.gz", "..gz", "a..txt", "x.unknown"],
    ];
    const guessed = await python<[string | null, string | null][]>("types", JSON.stringify(names));
    const ours = names.map((name) => {
      const headers = contentHeaders(`dir.d/${name}`);
      return [name, headers["content-type"] ?? null, headers["content-encoding"] ?? null];
    });
    // Python says since 3.12 what everybody says by now.
    const newer = (type: string | null) => (type === "application/javascript" ? "text/javascript" : type);
    expect(ours).toEqual(names.map((name, at) => [name, newer(guessed[at]?.[0] ?? null), guessed[at]?.[1] ?? null]));
  });

  async function roundTrip(client: Client, runId: string, artifactUri: string): Promise<void> {
    expect(artifactUri).toMatch(/^s3:/);
    const localPath = join(temporaryDirectory(), "w.bin");
    writeFileSync(localPath, "weights");
    await client.artifacts.upload({ runId, localPath, path: "model" });
    expect(await client.artifacts.list({ runId, path: "model" })).toEqual([
      { path: "model/w.bin", isDirectory: false, sizeBytes: 7 },
    ]);
    const destination = temporaryDirectory();
    await client.artifacts.download({ runId, path: "model", destination });
    expect(readFileSync(join(destination, "model/w.bin"), "utf8")).toBe("weights");
    expect(await python("download", artifactUri)).toEqual({ "model/w.bin": digest(Buffer.from("weights")) });
    await client.artifacts.delete({ runId, path: "model" });
    expect(await client.artifacts.list({ runId })).toEqual([]);
  }

  it("holds the artifacts of runs in a directory", async () => {
    const client = await connect(join(temporaryDirectory(), "mlruns"));
    const experimentId = await client.experiments.create({ name: "there", artifactLocation: newPlace() });
    const { id, artifactUri } = await client.runs.create({ experimentId });
    await roundTrip(client, id, artifactUri);
    const run = await startRun({ client, experiment: "there" });
    await run.logText("hello", "notes/a.txt");
    await run.end();
    expect(await python("download", run.artifactUri)).toMatchObject({ "notes/a.txt": digest(Buffer.from("hello")) });
  });

  it("holds the artifacts of runs at a server that does not hand them out", async () => {
    const place = newPlace();
    const args = ["--no-serve-artifacts", "--default-artifact-root", place];
    const server = await startMlflowServer({ args, env: storage.env });
    onTestFinished(() => server.kill());
    const client = await connect(server.address);
    onTestFinished(() => client.close());
    const { id, artifactUri } = await client.runs.create({ experimentId: "0" });
    expect(artifactUri.startsWith(place)).toBe(true);
    await roundTrip(client, id, artifactUri);
    const run = await startRun({ client });
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "sub"));
    writeFileSync(join(directory, "sub/a.txt"), "a");
    await run.logArtifacts(directory, { path: "all" });
    await run.end();
    expect(await python("download", run.artifactUri)).toMatchObject({ "all/sub/a.txt": digest(Buffer.from("a")) });
  });
});
