import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { describe, invalidArgument, messageOf, TidemarkError } from "../../base/errors.ts";
import { checkArgument } from "../../schema/check.ts";
import { type Dataset, datasetSchema } from "../../schema/dataset.ts";
import { type DataDescription, shortened } from "./description.ts";
import { describeRows, isRows, type Row } from "./rows.ts";
import { codeSource, type DatasetSource, resolveSource } from "./source.ts";
import { describeTensors, readTensors, type TensorData } from "./tensors.ts";

/** Contents of a dataset: a tensor, tensors by name, nested arrays of numbers, or rows. */
export type DatasetData = TensorData | Readonly<Record<string, TensorData>> | readonly Row[];

const datasetOptionsSchema = z.strictObject({
  name: datasetSchema.shape.name,
  /** Where the data came from: a path, or a URL of any scheme. Default: `file`, else the program that runs. */
  source: z.string().min(1).optional(),
  /**
   * The contents: a TF.js tensor, `{ shape, dtype, data }`, a typed array, nested arrays of numbers, several of these by name, or
   * an array of row objects. Read for digest, schema and profile, and not kept.
   */
  data: z.custom<DatasetData>((value) => typeof value === "object" && value !== null).optional(),
  /** A local file with the contents, hashed here and now. Give this or `data`. */
  file: z.string().min(1).optional(),
  /** MLflow's `{ mlflow_colspec: … }` or `{ mlflow_tensorspec: … }`, in the place of the one read from `data`. */
  schema: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
  /** At most 36 characters, in the place of the computed one. */
  digest: datasetSchema.shape.digest.optional(),
});

/** What {@link dataset} takes. @interface */
export type DatasetOptions = z.input<typeof datasetOptionsSchema>;

/**
 * Describes a dataset for `run.logInput`: name, digest, schema, size and source, as MLflow's UI shows them; never the data. Equal
 * contents have an equal digest. User names and passwords are taken out of the source.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import { dataset, startRun } from "tidemark";
 *
 * const rows = dataset({
 *   name: "houses",
 *   data: [{ rooms: 3, price: 250.5 }, { rooms: 4, price: 310 }],
 *   source: "https://example.org/houses.csv",
 * });
 * const run = await startRun({ experiment: "docs" });
 * run.logInput(rows, { context: "training" });
 * await run.end();
 * ```
 */
export function dataset(options: DatasetOptions): Dataset {
  const { name, data, file, ...given } = checkArgument("dataset", datasetOptionsSchema, options);
  if (data !== undefined && file !== undefined) {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", "dataset: data and file cannot both be given");
  }
  const source =
    given.source !== undefined ? resolveSource(given.source) : file !== undefined ? localFile(file) : codeSource();
  const { digest, schema, profile } = describeContents(name, source, data, file);
  return checkArgument("dataset", datasetSchema, {
    name,
    digest: given.digest ?? digest,
    sourceType: source.type,
    source: JSON.stringify(source.fields),
    ...asJson("schema", given.schema ?? schema),
    ...asJson("profile", profile),
  });
}

function describeContents(
  name: string,
  source: DatasetSource,
  data: DatasetData | undefined,
  file: string | undefined,
): Partial<DataDescription> & { digest: string } {
  if (file !== undefined) return describeFile(file);
  // Without contents the digest says no more than the name and the place do.
  if (data === undefined) return { digest: digestOf(name, JSON.stringify(source.fields)) };
  if (isRows(data)) return describeRows(data);
  return describeTensors(readTensors(data));
}

const localFile = (path: string): DatasetSource => ({ type: "local", fields: { uri: resolve(path) } });

const HASH_BLOCK_BYTES = 1 << 20;

function describeFile(path: string): DataDescription {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(HASH_BLOCK_BYTES);
  let sizeBytes = 0;
  try {
    const descriptor = openSync(path, "r");
    try {
      for (let length = -1; length !== 0; sizeBytes += length) {
        length = readSync(descriptor, block);
        hash.update(block.subarray(0, length));
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const message = `file: cannot read ${describe(path)}: ${messageOf(error)}`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { cause: error, details: { argument: "file" } });
  }
  return { digest: shortened(hash.digest("hex")), profile: { size_bytes: sizeBytes } };
}

function asJson<Key extends string>(key: Key, value: unknown): Partial<Record<Key, string>> {
  if (value === undefined) return {};
  if (typeof value !== "string") return { [key]: JSON.stringify(value) } as Partial<Record<Key, string>>;
  try {
    JSON.parse(value);
  } catch {
    throw invalidArgument(key, value, "JSON text or an object");
  }
  return { [key]: value } as Partial<Record<Key, string>>;
}

function digestOf(...parts: readonly string[]): string {
  return shortened(createHash("sha256").update(parts.join("\0")).digest("hex"));
}
