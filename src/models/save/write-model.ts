import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { invalidArgument, TidemarkError } from "../../base/errors.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { formatMlmodel, writeMlmodel } from "../../mlmodel/mlmodel-file.ts";
import type { Mlmodel } from "../../mlmodel/mlmodel-schema.ts";
import { type NewMlmodel, newMlmodel } from "../../mlmodel/new-mlmodel.ts";
import type { Signature } from "../../mlmodel/signature-schema.ts";
import { packageJsonFile, pythonEnvironmentFiles, type TextFiles } from "../environment-files.ts";
import type { Flavor } from "../flavors/flavor.ts";
import { onnxPackages } from "../flavors/onnx.ts";
import { allFlavors } from "../flavors/registry.ts";
import { encodeInputExample } from "../input-example.ts";
import type { OnnxCheck } from "./check-onnx.ts";
import { exampleOf, withoutHandles } from "./example.ts";
import { chosenSignature } from "./model-signature.ts";
import { type OnnxForm, writeOnnxForm } from "./onnx-form.ts";
import type { ModelFormOptions } from "./save-options.ts";

/** Where a tracking server knows a model, if one does. */
export interface ModelIdentity {
  readonly modelId?: string;
  readonly runId?: string;
  /** The URI of the model's files. */
  readonly artifactPath?: string;
}

/** A model that has been written. */
export interface WrittenModel {
  readonly mlmodel: Mlmodel;
  /** Names of the forms it is in. */
  readonly flavors: readonly string[];
  readonly signature: Signature | undefined;
  /** How far the ONNX form is from the model, where both could be run. */
  readonly onnxCheck: OnnxCheck | undefined;
  /** What the caller should know: why there is no form for Python. */
  readonly warnings: readonly string[];
}

/**
 * Writes a whole model into an empty directory.
 *
 * @param identify - Asked when everything but the MLmodel is written.
 */
export async function writeModel(
  directory: string,
  model: unknown,
  options: ModelFormOptions,
  identify: () => Promise<ModelIdentity> = async () => ({}),
): Promise<WrittenModel> {
  const flavor = flavorOf(model);
  const { tf, ort, includeOptimizer, layers, strict } = options;
  const inputExample = withoutHandles(options.inputExample);
  const saved = await flavor.save(model, { directory, tf, ort, includeOptimizer, layers });
  const example = exampleOf(inputExample, saved.ports);
  const form = await writeOnnxForm(saved, directory, options, example?.tensors);
  const warnings = form.status === "failed" ? [refuse(form, strict)] : [];
  const ports = saved.ports ?? (form.status === "written" ? form.ports : undefined);
  const signature = chosenSignature(options, ports, inputExample);
  const encoded = example === undefined ? undefined : encodeInputExample(example.data);
  const isForPython = form.status === "written";
  await writeTexts(directory, {
    ...encoded?.files,
    ...(isForPython ? pythonEnvironmentFiles(options.python) : {}),
    ...packageJsonFile({
      ...saved.packages,
      ...(isForPython ? onnxPackages(ort) : {}),
      ...options.dependencies,
    }),
  });
  const check = isForPython ? form.check : undefined;
  const facts: NewMlmodel = {
    flavors: { [flavor.name]: saved.config, ...(isForPython ? form.flavors : {}) },
    signature,
    inputExample: encoded?.info,
    metadata: metadataOf(options.metadata, check),
    sizeBytes: await sizeOf(directory),
  };
  // What cannot be written is never known to a server.
  formatMlmodel(newMlmodel(facts));
  const mlmodel = newMlmodel({ ...facts, ...(await identify()) });
  writeMlmodel(directory, mlmodel);
  return { mlmodel, flavors: Object.keys(mlmodel.flavors), signature, onnxCheck: check, warnings };
}

function flavorOf(model: unknown): Flavor {
  const flavor = allFlavors().find((candidate) => candidate.accepts(model));
  if (flavor !== undefined) return flavor;
  const allowed =
    "a model of TensorFlow.js, the bytes or the path (.onnx) of an ONNX model, or { module } with the path of an ES module";
  throw invalidArgument("model", model, allowed);
}

/** Training has taken hours: a model that Python cannot load is better than none. */
function refuse({ problem, cause }: Extract<OnnxForm, { status: "failed" }>, strict: boolean): string {
  if (strict) {
    throw cause instanceof TidemarkError
      ? cause
      : new TidemarkError("INVALID_PARAMETER_VALUE", `model: ${problem}`, { cause });
  }
  return `the model is saved without a form that Python can load (no python_function): ${problem}`;
}

function metadataOf(
  metadata: Readonly<Record<string, unknown>> | undefined,
  check: OnnxCheck | undefined,
): Readonly<Record<string, unknown>> | undefined {
  if (check === undefined) return metadata;
  return {
    ...metadata,
    "tidemark.onnxDifference": check.difference,
    "tidemark.onnxCheckedOn": check.checkedOn,
  };
}

async function writeTexts(directory: string, texts: TextFiles): Promise<void> {
  try {
    for (const [name, text] of Object.entries(texts)) await writeFile(join(directory, name), text);
  } catch (error) {
    throw storageError("write", directory, error);
  }
}

async function sizeOf(directory: string): Promise<number> {
  try {
    let sum = 0;
    for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
    }
    return sum;
  } catch (error) {
    throw storageError("read", directory, error);
  }
}
