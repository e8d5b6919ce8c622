import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Run } from "../tracking/run.ts";
import type { Model, ModelArtifacts, Namespace } from "./tensorflow.ts";

/** What tfjs-converter cuts weights into. */
const SHARD_BYTES = 4 << 20;

/** A model as it was when it was asked for: what is trained later does not show. */
export interface ModelSnapshot {
  readonly modelJson: object;
  readonly weights: Uint8Array;
}

/** What a model takes and gives, and what it was trained on. */
export interface ModelDescription {
  readonly signature: object | undefined;
  readonly inputExample: object | undefined;
}

/** Copies a model out of TensorFlow.js. */
export async function snapshotModel(tf: Namespace, model: Model): Promise<ModelSnapshot> {
  const { io } = tf;
  if (io === undefined) throw new Error("this TensorFlow.js has no io");
  let snapshot: ModelSnapshot | undefined;
  const handler = io.withSaveHandler(async (artifacts) => {
    snapshot = asFiles(artifacts);
    return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(artifacts) };
  });
  await model.save(handler);
  if (snapshot === undefined) throw new Error("the model has handed nothing over");
  return snapshot;
}

function asFiles({ weightSpecs = [], weightData = [], ...topology }: ModelArtifacts): ModelSnapshot {
  const parts = Array.isArray(weightData) ? weightData : [weightData as ArrayBuffer];
  const weights = Buffer.concat(parts.map((part) => new Uint8Array(part)));
  const shards = shardCount(weights);
  const paths = Array.from({ length: shards }, (_, index) => shardName(index, shards));
  return { modelJson: { ...topology, weightsManifest: [{ paths, weights: weightSpecs }] }, weights };
}

const shardCount = (weights: Uint8Array) => Math.max(1, Math.ceil(weights.length / SHARD_BYTES));
const shardName = (index: number, shards: number) => `group1-shard${index + 1}of${shards}.bin`;

/** Writes a model to a directory of a run's artifacts: TensorFlow.js's own files, and what describes it. */
export async function logModelFiles(
  run: Run,
  path: string,
  { modelJson, weights }: ModelSnapshot,
  { signature, inputExample }: ModelDescription,
): Promise<void> {
  const temporary = await mkdtemp(join(tmpdir(), "tidemark-model-"));
  try {
    const directory = join(temporary, "model");
    await mkdir(directory);
    const shards = shardCount(weights);
    for (let index = 0; index < shards; index++) {
      const bytes = weights.subarray(index * SHARD_BYTES, (index + 1) * SHARD_BYTES);
      await writeFile(join(directory, shardName(index, shards)), bytes);
    }
    const texts = { "model.json": modelJson, "signature.json": signature, "input_example.json": inputExample };
    for (const [name, content] of Object.entries(texts)) {
      if (content !== undefined) await writeFile(join(directory, name), JSON.stringify(content));
    }
    await run.logArtifacts(directory, { path });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
