import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { S3Client } from "../../src/s3/client.ts";
import { s3Backend } from "../../src/s3/s3-backend.ts";
import type { S3Options } from "../../src/s3/s3-options.ts";
import type { AwsKeys } from "../../src/s3/sigv4.ts";
import type { S3StoreOptions } from "../../src/s3/store/s3-store-options.ts";
import { freePort } from "./mlflow-server.ts";
import { ministackPath, type Peer, s3rverPath } from "./peers.ts";
import { startS3Storage } from "./s3-storage.ts";
import { type ServerStart, startServer } from "./started-server.ts";
import { makeBucket, startVersitygw } from "./versitygw.ts";

/** The bucket that every server of these tests has. */
export const BUCKET = "artifacts";

/** A storage that speaks S3. */
export interface S3Server {
  readonly options: S3Options & { readonly endpoint: string; readonly credentials: AwsKeys };
  kill(): Promise<void>;
}

/** It keeps conditions, and does not look at signatures. */
export async function startMotoServer(): Promise<S3Server> {
  const { address, kill } = await startS3Storage();
  const credentials = { accessKeyId: "nobody", secretAccessKey: "nothing" };
  return { options: { endpoint: address, region: "us-east-1", credentials }, kill };
}

/** It looks at everything. */
export async function startVersitygwServer(): Promise<S3Server> {
  const { address, keys, kill } = await startVersitygw(BUCKET);
  return { options: { endpoint: address, region: "us-east-1", credentials: keys }, kill };
}

/** It keeps conditions, and all it has in memory. */
export async function startMinistackServer(): Promise<S3Server> {
  const keys = { accessKeyId: "test", secretAccessKey: "test" };
  return await startAt(keys, (port) => ({
    name: "MiniStack",
    command: ministackPath(),
    args: ["-m", "ministack"],
    env: { BIND_HOST: "127.0.0.1", GATEWAY_PORT: String(port), SERVICES: "s3" },
  }));
}

/** It takes conditions, and keeps none of them. */
export async function startS3rverServer(): Promise<S3Server> {
  const keys = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
  const directory = mkdtempSync(join(tmpdir(), "tidemark-s3rver-"));
  const { options, kill } = await startAt(keys, (port) => ({
    name: "s3rver",
    command: process.execPath,
    args: [s3rverPath(), "--directory", directory, "--address", "127.0.0.1", "--port", String(port), "--silent"],
  }));
  return {
    options,
    kill: async () => {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function startAt(
  credentials: AwsKeys,
  programAt: (port: number) => Omit<ServerStart, "isThere">,
): Promise<S3Server> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const kill = await startServer({ ...programAt(port), isThere: () => makeBucket(endpoint, credentials, BUCKET) });
  return { options: { endpoint, region: "us-east-1", credentials }, kill };
}

/** The servers that tests run against, the quick one that checks everything first. */
export const s3Servers: readonly [name: string, peer: Peer, start: () => Promise<S3Server>][] = [
  ["versitygw", "versitygw", startVersitygwServer],
  ["MiniStack", "ministack", startMinistackServer],
];

/** Opens stores at a server as many programs would: each call is one of them. These servers take any number of writes. */
export const storeAt = (server: S3Server, prefix: string, options: Partial<S3StoreOptions> = {}) =>
  s3Backend({ uri: `s3://${BUCKET}/${prefix}`, ...server.options, headIntervalMs: 0, ...options });

/** Every key of a bucket that begins so. */
export async function keysBelow(bucket: S3Client, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { objects } of bucket.list({ prefix })) keys.push(...objects.map(({ key }) => key));
  return keys;
}
