import type { S3Client } from "../../src/s3/client.ts";
import { s3Backend } from "../../src/s3/s3-backend.ts";
import type { S3Options } from "../../src/s3/s3-options.ts";
import type { AwsKeys } from "../../src/s3/sigv4.ts";
import type { S3StoreOptions } from "../../src/s3/store/s3-store-options.ts";
import type { Peer } from "./peers.ts";
import { startS3Storage } from "./s3-storage.ts";
import { startVersitygw } from "./versitygw.ts";

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

/** The servers that tests run against, the quick one that checks everything first. */
export const s3Servers: readonly [name: string, peer: Peer, start: () => Promise<S3Server>][] = [
  ["versitygw", "versitygw", startVersitygwServer],
  ["moto", "python", startMotoServer],
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
