import { resolve } from "node:path";
import { redact } from "../../base/diagnostics.ts";
import { pathOfFileUri, schemeOf } from "../../base/file-uri.ts";

/** Where a dataset came from, in the words of MLflow's dataset sources (mlflow/data/*_dataset_source.py). */
export interface DatasetSource {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A path, or a URL of any scheme: Python MLflow reads back local, http and s3. */
export function resolveSource(source: string): DatasetSource {
  const scheme = schemeOf(source);
  if (scheme === undefined) return { type: "local", fields: { uri: resolve(source) } };
  if (scheme === "file") return { type: "local", fields: { uri: resolve(pathOfFileUri(source)) } };
  const address = redact(source);
  if (scheme === "http" || scheme === "https") return { type: "http", fields: { url: address } };
  return { type: scheme, fields: { uri: address } };
}

/** The program that made the data, where nobody says more. */
export function codeSource(): DatasetSource {
  const program = process.argv[1];
  const name = program === undefined ? {} : { "mlflow.source.name": program };
  return { type: "code", fields: { tags: { ...name, "mlflow.source.type": "LOCAL" } } };
}
