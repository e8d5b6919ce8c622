import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import { plainEnvironment } from "./child.ts";
import { freePort } from "./mlflow-server.ts";
import { versitygwPath } from "./peers.ts";

const LONGEST_START_MS = 30_000;
const KEYS = { accessKeyId: "testkey", secretAccessKey: "testsecret123" };

/** A storage that speaks S3, and looks closely at signatures, checksums and conditions. */
export interface Versitygw {
  readonly address: string;
  readonly keys: typeof KEYS;
  kill(): Promise<void>;
}

/** Starts one with one bucket. */
export async function startVersitygw(bucket: string): Promise<Versitygw> {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-versitygw-"));
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const server = spawn(
    versitygwPath(),
    ["--port", `127.0.0.1:${port}`, "--quiet", "--keep-alive", "posix", directory],
    {
      env: { ...plainEnvironment(), ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const ended = once(server, "exit");
  let said = "";
  server.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const kill = async () => {
    server.kill("SIGKILL");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  const deadline = Date.now() + LONGEST_START_MS;
  while (!(await makeBucket(address, bucket))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await kill();
      throw new Error(`versitygw did not start:\n${said}`);
    }
    await sleep(50);
  }
  return { address, keys: KEYS, kill };
}

async function makeBucket(endpoint: string, bucket: string): Promise<boolean> {
  const { exchange } = new S3Opener({ endpoint, credentials: KEYS, region: "us-east-1", maxRetries: 0 }).bucket(bucket);
  const call = { method: "PUT", action: "make", permission: "s3:CreateBucket" } as const;
  const settled = await exchange.settle(call, (response) => response.drop());
  return settled.status === "ok";
}
