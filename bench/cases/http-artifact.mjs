// One file up to the server's artifacts and down again: tidemark against undici's streams alone.
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { connect, startRun } from "tidemark";
import { request } from "undici";
import { address, BareLoop } from "./http-support.mjs";
import { measureTransfer } from "./measure-transfer.mjs";
import { scratchDirectory, variant } from "./support.mjs";

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
await measureTransfer(transfer, { file, smallFile, directory });
await transfer.end();
