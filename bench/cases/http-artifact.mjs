// One file up to the server's artifacts and down again: tidemark against undici's streams alone.
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { connect, startRun } from "tidemark";
import { request } from "undici";
import { address, BareLoop } from "./http-support.mjs";
import { report, scratchDirectory, variant } from "./support.mjs";

const [, , , , , file, smallFile] = process.argv;
const directory = scratchDirectory();

async function tidemark() {
  const client = await connect(address);
  const run = await startRun({ client, captureEnvironment: false });
  return {
    upload: (path) => run.logArtifact(path),
    download: (path) => client.artifacts.download({ runId: run.id, path: basename(path), destination: directory }),
    remove: (path) => client.artifacts.delete({ runId: run.id, path: basename(path) }),
    end: async () => {
      await run.end();
      await client.close();
    },
  };
}

async function bareStream() {
  const loop = new BareLoop();
  const [runId] = await loop.createRuns(1);
  const send = async (method, path, options = {}) => {
    const url = `${address}/api/2.0/mlflow-artifacts/artifacts/0/${runId}/artifacts/${basename(path)}`;
    const { statusCode, body } = await request(url, { method, ...options });
    if (statusCode !== 200) throw new Error(`${method} ${url}: ${statusCode} ${await body.text()}`);
    return body;
  };
  return {
    upload: async (path) => {
      const headers = { "content-length": statSync(path).size, "content-type": "application/octet-stream" };
      await (await send("PUT", path, { headers, body: createReadStream(path) })).dump();
    },
    download: async (path) => {
      await pipeline(await send("GET", path), createWriteStream(join(directory, basename(path))));
    },
    remove: async (path) => (await send("DELETE", path)).dump(),
    end: () => loop.close(),
  };
}

const transfer = await { tidemark, bareStream }[variant]();
// Code that is loaded and buffers that are made with the first file are there once.
await transfer.upload(smallFile);
await transfer.download(smallFile);

const before = process.memoryUsage.rss();
let most = before;
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss());
}, 10);
const timed = async (work) => {
  const begun = performance.now();
  await work(file);
  return (performance.now() - begun) / 1_000;
};
const upSeconds = await timed(transfer.upload);
const downSeconds = await timed(transfer.download);
clearInterval(watch);
const bytes = statSync(join(directory, basename(file))).size;
if (bytes !== statSync(file).size) throw new Error(`${bytes} bytes came back`);
await transfer.remove(file);
await transfer.end();
const mebibytes = bytes / 2 ** 20;
report({
  upMiBPerSecond: mebibytes / upSeconds,
  downMiBPerSecond: mebibytes / downSeconds,
  growthMiB: (most - before) / 2 ** 20,
});
