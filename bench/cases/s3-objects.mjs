// Small objects, written and read, some at a time: tidemark's client against AWS's own.
import { randomBytes } from "node:crypto";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { inFlight } from "./s3-support.mjs";
import { count, report, variant } from "./support.mjs";

const [, , , , bundlePath, endpoint, widths] = process.argv;
const { S3Opener } = await import(bundlePath);

const credentials = { accessKeyId: "testkey", secretAccessKey: "testsecret123" };
const OBJECT_BYTES = 4_096;
/** One at a time takes so much longer. */
const ALONE = 0.25;

const Bucket = "bench";
const run = crypto.randomUUID();
const body = randomBytes(OBJECT_BYTES);

function tidemark() {
  const client = new S3Opener({ endpoint, region: "us-east-1", credentials }).bucket(Bucket);
  return {
    put: (key) => client.put(key, body),
    get: async (key) => {
      const pieces = [];
      for await (const piece of (await client.open(key)).body) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

function awsSdk() {
  // As many connections as are asked for: the SDK's own limit is 50.
  const requestHandler = { httpAgent: { maxSockets: 256 } };
  const client = new S3Client({ endpoint, region: "us-east-1", credentials, forcePathStyle: true, requestHandler });
  return {
    put: (Key) => client.send(new PutObjectCommand({ Bucket, Key, Body: body })),
    get: async (Key) => await (await client.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToByteArray(),
  };
}

const { put, get } = { tidemark, awsSdk }[variant]();
const read = async (key) => {
  const bytes = await get(key);
  if (bytes.length !== OBJECT_BYTES) throw new Error(`${bytes.length} bytes came back`);
};

const figures = {};
async function measure(name, keys, width, work) {
  const [begun, cpuBefore] = [performance.now(), process.cpuUsage()];
  await inFlight(keys, width, work);
  const elapsedMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpuBefore);
  figures[`${name}PerSecond`] = (keys.length / elapsedMs) * 1_000;
  figures[`${name}CpuMs`] = (user + system) / 1_000 / keys.length;
}

const keysOf = (phase, length) => Array.from({ length }, (_, at) => `objects/${run}/${phase}/${at}`);
// Code that is compiled and connections that are made with the first ones are there once.
const warm = keysOf("warm", count / 4);
await inFlight(warm, 16, put);
await inFlight(warm, 16, read);
for (const width of widths.split(",").map(Number)) {
  const keys = keysOf(width, width === 1 ? count * ALONE : count);
  await measure(`put${width}`, keys, width, put);
  await measure(`get${width}`, keys, width, read);
}
report(figures);
process.exit();
