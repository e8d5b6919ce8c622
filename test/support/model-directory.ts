import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryDirectory } from "./mlruns.ts";

/** What a model directory of a test holds. */
export interface ModelParts {
  readonly runId?: string;
  readonly modelId?: string;
  readonly flavors?: Readonly<Record<string, object>>;
  /** Objects; the file has their JSON texts. */
  readonly signature?: Readonly<Record<string, unknown>>;
  /** Beside the MLmodel. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The text of an MLmodel: JSON, which is YAML. */
export function mlmodelText({ runId, modelId, flavors = { onnx: {} }, signature }: ModelParts): string {
  const texts = Object.entries(signature ?? {}).map(([part, value]) => [part, JSON.stringify(value)]);
  return JSON.stringify({
    flavors,
    ...(runId === undefined ? {} : { run_id: runId }),
    ...(modelId === undefined ? {} : { model_id: modelId }),
    ...(signature === undefined ? {} : { signature: Object.fromEntries(texts) }),
  });
}

/** Files of a model by path. */
export const modelFiles = (parts: ModelParts = {}): Record<string, string> => ({
  MLmodel: mlmodelText(parts),
  "model.onnx": "not really",
  "data/weights.bin": "0123456789",
  ...parts.files,
});

/** A local directory with a model, gone after the test. */
export function modelDirectory(parts: ModelParts = {}): string {
  const directory = join(temporaryDirectory(), "model");
  for (const [path, text] of Object.entries(modelFiles(parts))) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}
