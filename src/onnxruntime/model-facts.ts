import { createHash, type Hash } from "node:crypto";
import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { bytesSource, fileSource } from "../onnx-file/byte-source.ts";
import { type OnnxHeader, readOnnxHeader } from "../onnx-file/onnx-header.ts";

/** What is known of a model beside what its session says. */
export interface ModelFacts {
  /** Of its file, without the ending. */
  readonly name?: string | undefined;
  readonly sizeBytes?: number;
  readonly header?: OnnxHeader | undefined;
  /** SHA-256 in hexadecimal digits; of a large model it comes later, and `undefined` where it cannot be read. */
  readonly digest?: string | Promise<string | undefined>;
}

/** Up to here a model is hashed on the spot: 10 to 40 ms, beside a session that takes longer to make. */
const MOST_BYTES_HASHED_AT_ONCE = 16 << 20;

/**
 * What the first arguments of `InferenceSession.create` say of the model: a path, or its bytes. A model that comes over the network is known
 * by its name only, as one that cannot be read. Weights kept in files of their own are neither counted nor hashed.
 */
export function modelFacts([model, second, third]: readonly unknown[], hashes: boolean): ModelFacts {
  if (typeof model === "string") return factsOfPath(model, hashes);
  if (model instanceof Uint8Array) return factsOfBytes(model, hashes);
  if (!isBuffer(model)) return {};
  const from = typeof second === "number" ? second : 0;
  const length = typeof second === "number" && typeof third === "number" ? third : model.byteLength - from;
  return factsOfBytes(new Uint8Array(model, from, length), hashes);
}

const isBuffer = (value: unknown): value is ArrayBuffer =>
  value instanceof ArrayBuffer || (typeof SharedArrayBuffer !== "undefined" && value instanceof SharedArrayBuffer);

function factsOfBytes(bytes: Uint8Array, hashes: boolean): ModelFacts {
  const header = readOnnxHeader(bytesSource(bytes));
  return {
    name: header?.graphName,
    sizeBytes: bytes.length,
    header,
    ...(hashes ? { digest: digestOfBytes(bytes) } : {}),
  };
}

function digestOfBytes(bytes: Uint8Array): string | Promise<string | undefined> {
  if (bytes.length <= MOST_BYTES_HASHED_AT_ONCE) return createHash("sha256").update(bytes).digest("hex");
  // Copies the bytes before it answers, so what becomes of them later does not matter, and hashes on another thread.
  return crypto.subtle
    .digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)
    .then((digest) => Buffer.from(digest).toString("hex"))
    .catch(() => undefined);
}

function factsOfPath(path: string, hashes: boolean): ModelFacts {
  const name = nameOf(path);
  if (/^[a-z][a-z\d+.-]+:/i.test(path) && !path.startsWith("file:")) return { name };
  try {
    return { name, ...factsOfFile(path.startsWith("file:") ? fileURLToPath(path) : path, hashes) };
  } catch {
    // The session says better what is wrong with the file.
    return { name };
  }
}

function factsOfFile(file: string, hashes: boolean): ModelFacts {
  const descriptor = openSync(file, "r");
  try {
    const { size } = fstatSync(descriptor);
    const facts = { sizeBytes: size, header: readOnnxHeader(fileSource(descriptor, size)) };
    if (!hashes) return facts;
    return { ...facts, digest: size <= MOST_BYTES_HASHED_AT_ONCE ? digestOfFile(descriptor) : digestOfLarge(file) };
  } finally {
    closeSync(descriptor);
  }
}

/** Query and fragment of a URL may hold secrets, and are no part of the name. */
const nameOf = (path: string): string => basename(path.replace(/[?#].*$/s, "")).replace(/\.(onnx|ort)$/i, "");

function digestOfFile(descriptor: number): string {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(1 << 20);
  for (let position = 0, length = -1; length !== 0; position += length) {
    length = readSync(descriptor, block, 0, block.length, position);
    hash.update(block.subarray(0, length));
  }
  return hash.digest("hex");
}

async function digestOfLarge(file: string): Promise<string | undefined> {
  const hash: Hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
    return hash.digest("hex");
  } catch {
    return undefined;
  }
}
