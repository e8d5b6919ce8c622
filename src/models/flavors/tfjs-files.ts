import { mkdir, open, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../base/errors.ts";
import { relativePathProblem } from "../../base/paths.ts";
import { damaged, isMissing, storageError } from "../../disk/storage-errors.ts";
import { readPackageText } from "../package-text.ts";
import type { TfArtifacts, TfWeightSpec } from "../runtimes.ts";

/** What tfjs-converter cuts weights into. */
const SHARD_BYTES = 4 << 20;
const MODEL_JSON = "model.json";

/** Topologies with thousands of layers come to some megabytes. */
const MOST_JSON_MIB = 128;

interface WeightGroup {
  readonly paths: readonly string[];
  readonly weights: readonly TfWeightSpec[];
}

/** Writes a model as TensorFlow.js does: `model.json`, and the weights in shards of 4 MiB. */
export async function writeTfjsFiles(directory: string, artifacts: TfArtifacts): Promise<void> {
  const { weightSpecs = [], weightData = [], ...topology } = artifacts;
  const parts = (Array.isArray(weightData) ? weightData : [weightData]) as ArrayBuffer[];
  const sizeBytes = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const shards = Math.max(1, Math.ceil(sizeBytes / SHARD_BYTES));
  const paths = Array.from({ length: shards }, (_, index) => `group1-shard${index + 1}of${shards}.bin`);
  const manifest: WeightGroup[] = [{ paths, weights: weightSpecs }];
  try {
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, MODEL_JSON), JSON.stringify({ ...topology, weightsManifest: manifest }));
    for (const [index, path] of paths.entries()) {
      await writePieces(join(directory, path), piecesOf(parts, index * SHARD_BYTES, (index + 1) * SHARD_BYTES));
    }
  } catch (error) {
    throw storageError("write", directory, error);
  }
}

async function writePieces(path: string, pieces: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "wx");
  try {
    for (const piece of pieces) await file.writeFile(piece);
  } finally {
    await file.close();
  }
}

/** What lies between two positions of buffers that follow each other, without copying. */
function piecesOf(parts: readonly ArrayBuffer[], from: number, to: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (const part of parts) {
    const begin = Math.max(from - start, 0);
    const end = Math.min(to - start, part.byteLength);
    if (begin < end) pieces.push(new Uint8Array(part, begin, end - begin));
    start += part.byteLength;
  }
  return pieces;
}

/**
 * Reads a model of TensorFlow.js: what its `load` functions are given.
 *
 * @throws {TidemarkError} `DATA_DAMAGED` for a shard that is missing, weights of another length than they say, names that leave the directory
 */
export async function readTfjsFiles(directory: string): Promise<TfArtifacts> {
  const path = join(directory, MODEL_JSON);
  const { weightsManifest, ...topology } = readJson(path);
  const groups = groupsOf(path, weightsManifest);
  const weightSpecs = groups.flatMap(({ weights }) => weights);
  return { ...topology, weightSpecs, weightData: await readShards(directory, path, groups) };
}

function readJson(path: string): Record<string, unknown> {
  const text = readPackageText(path, MOST_JSON_MIB);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(path, `is no JSON: ${messageOf(error)}`, error);
  }
  if (typeof value !== "object" || value === null) throw damaged(path, "is no model");
  return value as Record<string, unknown>;
}

/** The file, where it is one. */
async function factsOf(path: string): Promise<{ size: number }> {
  const facts = await stat(path).catch((error) => {
    throw isMissing(error) ? damaged(path, "is missing", error) : storageError("read", path, error);
  });
  if (!facts.isFile()) throw damaged(path, "is no file");
  return facts;
}

function groupsOf(path: string, manifest: unknown): WeightGroup[] {
  if (!Array.isArray(manifest)) throw damaged(path, "has no weightsManifest");
  const named = new Set<string>();
  for (const [index, group] of manifest.entries()) {
    const { paths, weights } = (group ?? {}) as Partial<WeightGroup>;
    const place = `weightsManifest.${index}`;
    if (!Array.isArray(paths) || !Array.isArray(weights)) throw damaged(path, `${place}: has no paths and weights`);
    for (const shard of paths) {
      const problem = typeof shard === "string" ? relativePathProblem(shard) : "is no path";
      if (problem !== undefined) throw damaged(path, `${place}.paths: ${JSON.stringify(shard)} ${problem}`);
      // A small file that is read a million times is a large one.
      if (named.has(shard)) throw damaged(path, `${place}.paths: ${JSON.stringify(shard)} stands twice`);
      named.add(shard);
    }
    const bad = weights.findIndex((weight) => !isWeightSpec(weight));
    if (bad >= 0) throw damaged(path, `${place}.weights.${bad}: says no name, shape and dtype`);
  }
  return manifest;
}

const isWeightSpec = (weight: unknown): boolean => {
  const { name, shape, dtype } = (weight ?? {}) as Partial<TfWeightSpec>;
  const isShape = Array.isArray(shape) && shape.every((length) => Number.isSafeInteger(length) && length >= 0);
  return typeof name === "string" && typeof dtype === "string" && isShape;
};

/** The weights of all groups, one behind the other. */
async function readShards(directory: string, json: string, groups: readonly WeightGroup[]): Promise<ArrayBuffer> {
  const files: { readonly path: string; readonly sizeBytes: number }[] = [];
  for (const { paths, weights } of groups) {
    const shards = await Promise.all(
      paths.map(async (name) => ({
        path: join(directory, name),
        sizeBytes: (await factsOf(join(directory, name))).size,
      })),
    );
    const there = shards.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const { bytes, isExact } = bytesOf(weights);
    if (bytes > there || (isExact && bytes < there)) {
      throw damaged(json, `its weights are ${isExact ? "" : "at least "}${bytes} bytes, and its shards ${there}`);
    }
    files.push(...shards);
  }
  const data = allocate(
    json,
    files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  );
  let position = 0;
  for (const { path, sizeBytes } of files) {
    await readInto(path, new Uint8Array(data, position, sizeBytes));
    position += sizeBytes;
  }
  return data;
}

function allocate(json: string, sizeBytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(sizeBytes);
  } catch (error) {
    throw damaged(json, `its weights are ${sizeBytes} bytes, for which there is no memory`, error);
  }
}

async function readInto(path: string, target: Uint8Array): Promise<void> {
  const file = await open(path, "r");
  try {
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await file.read(target, done, target.length - done, done);
      if (bytesRead === 0) throw damaged(path, "has become shorter while it was read");
      done += bytesRead;
    }
  } catch (error) {
    throw storageError("read", path, error);
  } finally {
    await file.close();
  }
}

const BYTES_OF: ReadonlyMap<string, number> = new Map([
  ["float32", 4],
  ["int32", 4],
  ["uint16", 2],
  ["float16", 2],
  ["uint8", 1],
  ["bool", 1],
  ["complex64", 8],
]);

/** Of a text its length comes first, in as many bytes. */
const LEAST_TEXT_BYTES = 4;

/** How long weights are; at least, where texts are among them, whose length only the data says. */
function bytesOf(weights: readonly TfWeightSpec[]): { bytes: number; isExact: boolean } {
  let sum = 0;
  let isExact = true;
  for (const { shape, dtype, quantization } of weights) {
    const bytes = BYTES_OF.get(quantization?.dtype ?? dtype);
    if (bytes === undefined) isExact = false;
    sum += (bytes ?? LEAST_TEXT_BYTES) * shape.reduce((product, length) => product * length, 1);
  }
  return { bytes: sum, isExact };
}
