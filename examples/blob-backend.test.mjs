// Every rule that Tidemark's own backends keep, asked of the one in blob-backend.mjs.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { backendContract } from "tidemark/backend";
import { blobBackend } from "./blob-backend.mjs";

const directory = mkdtempSync(join(tmpdir(), "blob-backend-"));
after(() => rmSync(directory, { recursive: true }));

/** Stands for the store of one's own. */
function blobsInMemory() {
  const blobs = new Map();
  return {
    put: async (name, bytes) => void blobs.set(name, Uint8Array.from(bytes)),
    get: async (name) => blobs.get(name),
    list: async (prefix) =>
      [...blobs].flatMap(([name, { length }]) => (name.startsWith(prefix) ? [{ name, sizeBytes: length }] : [])),
    delete: async (name) => void blobs.delete(name),
  };
}

const makeBackend = () => blobBackend({ directory: mkdtempSync(join(directory, "runs-")), blobs: blobsInMemory() });

for (const { name, run } of backendContract(makeBackend, { keysArePaths: true })) test(name, run);
