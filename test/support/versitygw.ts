import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { S3Opener } from "../../src/s3/s3-artifacts.ts";
import type { AwsKeys } from "../../src/s3/sigv4.ts";
import { freePort } from "./mlflow-server.ts";
import { versitygwPath } from "./peers.ts";
import { startServer } from "./started-server.ts";

const KEYS = { accessKeyId: "testkey", secretAccessKey: "testsecret123" };

/** A storage that speaks S3, and looks closely at signatures, checksums and conditions. */
export interface Versitygw {
  readonly address: string;
  readonly keys: typeof KEYS;
  /** Kills it, and starts it again where it was, with what it had on its disk. */
  restart(pauseMs: number): Promise<void>;
  kill(): Promise<void>;
}

/** Starts one with one bucket. */
export async function startVersitygw(bucket: string): Promise<Versitygw> {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-versitygw-"));
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const start = () =>
    startServer({
      name: "versitygw",
      command: versitygwPath(),
      args: ["--port", `127.0.0.1:${port}`, "--quiet", "--keep-alive", "posix", directory],
      env: { ROOT_ACCESS_KEY: KEYS.accessKeyId, ROOT_SECRET_KEY: KEYS.secretAccessKey },
      isThere: () => makeBucket(address, KEYS, bucket),
    });
  let kill = await start();
  return {
    address,
    keys: KEYS,
    restart: async (pauseMs) => {
      await kill();
      await sleep(pauseMs);
      kill = await start();
    },
    kill: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Whether the bucket is there now. */
export async function makeBucket(endpoint: string, credentials: AwsKeys, bucket: string): Promise<boolean> {
  const { exchange } = new S3Opener({ endpoint, credentials, region: "us-east-1", maxRetries: 0 }).bucket(bucket);
  const call = { method: "PUT", action: "make", permission: "s3:CreateBucket" } as const;
  const settled = await exchange.settle(call, (response) => response.drop());
  return settled.status === "ok" || settled.error.details.storageCode === "BucketAlreadyOwnedByYou";
}
