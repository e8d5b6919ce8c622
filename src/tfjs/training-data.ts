import { createHash } from "node:crypto";
import type { Dataset } from "../schema/dataset.ts";
import { type DatasetData, dataset } from "../tracking/dataset/dataset.ts";
import type { TypedArray } from "../tracking/dataset/tensors.ts";
import type { Tensor } from "./tensorflow.ts";

/** MLflow's name for a dataset that has none. */
const NAME = "dataset";

/** More than this is not read whole: the digest must not keep a training waiting. */
const MOST_BYTES_READ = 16 << 20;

/** Of a bigger tensor these many blocks are read, evenly spread, the first and the last among them. */
const SAMPLE_BLOCKS = 64;
const SAMPLE_BLOCK_BYTES = 64 << 10;

const BYTES_PER_VALUE = 4;

const DIGEST_LENGTH = 32;

/** Describes what a model is trained on, or validated: `x` and `y`, or each input by its name. */
export function describeTrainingData(tensors: ReadonlyMap<string, Tensor>): Dataset {
  const bytes = [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape) * BYTES_PER_VALUE, 0);
  if (bytes > MOST_BYTES_READ) return describeBySample(tensors);
  return dataset({ name: NAME, data: Object.fromEntries(tensors) as unknown as DatasetData });
}

/** The digest of big tensors is one of their names, shapes and blocks of their values. */
function describeBySample(tensors: ReadonlyMap<string, Tensor>): Dataset {
  const hash = createHash("sha256").update("sampled tensors");
  for (const [name, tensor] of tensors) {
    hash.update(JSON.stringify([name, tensor.dtype, tensor.shape]));
    for (const block of sampleOf(tensor.dataSync() as TypedArray)) hash.update(block);
  }
  const named = [...tensors];
  const specification = named.map(([name, { dtype, shape }]) => ({
    name,
    type: "tensor",
    "tensor-spec": { dtype, shape: [-1, ...shape.slice(1)] },
  }));
  const described = dataset({
    name: NAME,
    digest: hash.digest("hex").slice(0, DIGEST_LENGTH),
    schema: { mlflow_tensorspec: { features: JSON.stringify(specification), targets: null } },
  });
  const profile = {
    features_shape: Object.fromEntries(named.map(([name, { shape }]) => [name, shape])),
    features_size: Object.fromEntries(named.map(([name, { shape }]) => [name, sizeOf(shape)])),
    features_nbytes: Object.fromEntries(named.map(([name, { shape }]) => [name, sizeOf(shape) * BYTES_PER_VALUE])),
  };
  return { ...described, profile: JSON.stringify(profile) };
}

function* sampleOf(values: TypedArray): Iterable<Uint8Array> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const last = Math.max(0, bytes.length - SAMPLE_BLOCK_BYTES);
  for (let block = 0; block < SAMPLE_BLOCKS; block++) {
    const start = Math.floor((last * block) / (SAMPLE_BLOCKS - 1));
    yield bytes.subarray(start, start + SAMPLE_BLOCK_BYTES);
  }
}

const sizeOf = (shape: readonly number[]) => shape.reduce((product, length) => product * length, 1);
