import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Client, connect } from "../../src/index.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { type S3Storage, startS3Storage } from "../support/s3-storage.ts";

const MIB = 2 ** 20;
/** S3 takes no smaller parts. */
const PART_BYTES = 5 * MIB;

describe.skipIf(leftOut("python"))("a server whose artifacts are in S3", () => {
  let storage: S3Storage | undefined;
  let server: MlflowServer | undefined;
  beforeAll(async () => {
    storage = await startS3Storage();
    server = await startMlflowServer({ args: ["--artifacts-destination", storage.uri], env: storage.env });
  });
  afterAll(() => Promise.all([server?.kill(), storage?.kill()]));

  beforeEach(() => {
    vi.stubEnv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", String(6 * MIB));
    vi.stubEnv("MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE", String(PART_BYTES));
    vi.stubEnv("MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE", String(3 * MIB));
    onTestFinished(() => void vi.unstubAllEnvs());
  });

  async function newRun(): Promise<{ client: Client; runId: string; directory: string }> {
    const client = await connect(server?.address);
    onTestFinished(() => client.close());
    const { id: runId } = await client.runs.create({ experimentId: "0" });
    return { client, runId, directory: temporaryDirectory() };
  }

  it.each([
    ["in parts", 17 * MIB + 5],
    ["whole", 1_000],
    ["empty", 0],
  ])("takes a file %s and gives it back", async (_how, sizeBytes) => {
    const { client, runId, directory } = await newRun();
    const bytes = randomBytes(sizeBytes);
    const localPath = join(directory, "weights 名前.bin");
    writeFileSync(localPath, bytes);
    let told = 0;
    const onProgress = ({ transferredBytes }: { transferredBytes: number }) => {
      told = transferredBytes;
    };
    await client.artifacts.upload({ runId, localPath, path: "a b/ü", onProgress });
    expect(told).toBe(sizeBytes);
    const path = "a b/ü/weights 名前.bin";
    expect(await client.artifacts.list({ runId, path: "a b/ü" })).toEqual([{ path, isDirectory: false, sizeBytes }]);
    const destination = join(directory, "back");
    await client.artifacts.download({ runId, path, destination, onProgress });
    expect(told).toBe(sizeBytes);
    expect(digest(readFileSync(join(destination, path)))).toBe(digest(bytes));
    expect(digest(await client.artifacts.read({ runId, path }))).toBe(digest(bytes));
    expect(await storage?.openUploads()).toBe(0);
  });

  it("has no file that is not there", async () => {
    const { client, runId } = await newRun();
    await expect(client.artifacts.read({ runId, path: "none" })).rejects.toMatchObject({
      code: "RESOURCE_DOES_NOT_EXIST",
    });
  });

  it("keeps nothing of an upload or a download that is stopped", async () => {
    const { client, runId, directory } = await newRun();
    const localPath = join(directory, "weights.bin");
    writeFileSync(localPath, randomBytes(30 * MIB));
    const stopped = (transfer: (watch: { signal: AbortSignal; onProgress: () => void }) => Promise<unknown>) => {
      const stop = new AbortController();
      return transfer({ signal: stop.signal, onProgress: () => stop.abort() });
    };
    await expect(stopped((watch) => client.artifacts.upload({ runId, localPath, ...watch }))).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect(await client.artifacts.list({ runId })).toEqual([]);
    expect(await storage?.openUploads()).toBe(0);
    await client.artifacts.upload({ runId, localPath });
    const destination = join(directory, "back");
    const download = stopped((watch) =>
      client.artifacts.download({ runId, path: "weights.bin", destination, ...watch }),
    );
    await expect(download).rejects.toMatchObject({ code: "CANCELLED" });
    expect(readdirSync(destination)).toEqual([]);
  });
});

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
