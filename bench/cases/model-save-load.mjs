// Saving and loading a model of one ONNX file, against the least that could be done with the same bytes.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { loadModel, saveModel } from "tidemark/models";
import { growthOf, report, scratchDirectory, count as sizeMb, variant } from "./support.mjs";

/** `sizeMb` MB of weights, in a file that is read by all variants. */
const model = process.argv[4];
const scratch = scratchDirectory();
const copy = join(scratch, "copy.onnx");
const saved = join(scratch, "saved");

async function copyAndHash() {
  await mkdir(join(scratch, "least"));
  await copyFile(model, copy);
  const hash = createHash("sha256");
  for await (const piece of createReadStream(copy, { highWaterMark: 1 << 20 })) hash.update(piece);
  hash.digest("hex");
}

async function session(file) {
  const opened = await ort.InferenceSession.create(file);
  await opened.release();
}

const bytes = variant === "saveBytes" ? new Uint8Array(await readFile(model)) : undefined;
if (variant === "load") await saveModel(saved, model, { ort });

const work = {
  copyAndHash,
  bareSession: () => session(model),
  savePath: () => saveModel(saved, model, { ort }),
  saveBytes: () => saveModel(saved, bytes, { ort }),
  load: async () => await (await loadModel(saved, { ort })).close(),
};
if (sizeMb > 0) report(await growthOf(work[variant]));
