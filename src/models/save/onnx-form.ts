import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { invalidArgument, messageOf, TidemarkError } from "../../base/errors.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { PYTHON_VERSIONS } from "../../mlmodel/python-versions.ts";
import type { ModelPorts, SavedForm } from "../flavors/flavor.ts";
import { ONNX_FILE, onnxConfig, onnxFlavor, portsOfFile } from "../flavors/onnx.ts";
import { installedOnnxRuntime } from "../installed-runtimes.ts";
import type { TensorMap } from "../predict/ports.ts";
import { checkOnnx, LARGEST_DIFFERENCE, type OnnxCheck } from "./check-onnx.ts";
import type { ModelFormOptions } from "./save-options.ts";

type Flavors = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What became of a model's ONNX form. */
export type OnnxForm =
  | {
      readonly status: "written";
      readonly flavors: Flavors;
      readonly ports: ModelPorts | undefined;
      readonly check: OnnxCheck | undefined;
    }
  /** Nobody wants one, or the flavor has none. */
  | { readonly status: "none" }
  /** Why Python cannot load the model. */
  | { readonly status: "failed"; readonly problem: string; readonly cause: unknown };

/**
 * Writes the form in which Python loads a model: ONNX, and the flavors `onnx` and `python_function`. An export is run beside the model
 * where both runtimes are at hand, and taken away again where it answers otherwise.
 */
export async function writeOnnxForm(
  saved: SavedForm,
  directory: string,
  options: ModelFormOptions,
  example: TensorMap | undefined,
): Promise<OnnxForm> {
  const { onnx, tf, python, strict } = options;
  if (onnx === false) return { status: "none" };
  const written = (config: object, ports: ModelPorts | undefined, check?: OnnxCheck): OnnxForm => ({
    status: "written",
    flavors: { onnx: { ...config }, python_function: pythonFunction(python.python) },
    ports,
    check,
  });
  if (onnx !== undefined) {
    if (typeof saved.onnx === "string") throw invalidArgument("onnx", "another model", "none beside an ONNX model");
    const target = { directory, includeOptimizer: false, tf, ort: options.ort };
    const own = await onnxFlavor.save(onnx, target);
    return written(own.config, own.ports);
  }
  if (typeof saved.onnx === "string") return written(saved.config, saved.ports);
  if (saved.onnx === undefined) {
    if (strict) throw invalidArgument("model", "one without an ONNX form", "one in `onnx`, as `strict` asks for it");
    return { status: "none" };
  }
  const path = join(directory, ONNX_FILE);
  try {
    await writeExport(path, saved.onnx());
    const check = await tryExport(saved, directory, options, example);
    if (check === undefined || check.difference <= LARGEST_DIFFERENCE) {
      return written(onnxConfig(), portsOfFile(path), check);
    }
    const figure = check.difference.toExponential(1);
    const problem = `its ONNX form answers otherwise on ${check.checkedOn}: by ${figure} of the largest output, and ${LARGEST_DIFFERENCE} is allowed`;
    throw new TidemarkError("INTERNAL_ERROR", problem, { details: { ...check } });
  } catch (error) {
    await rm(path, { force: true });
    if (error instanceof TidemarkError && error.code.startsWith("STORAGE_")) throw error;
    return { status: "failed", problem: messageOf(error), cause: error };
  }
}

async function writeExport(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw storageError("write", path, error);
  }
}

async function tryExport(
  { predictor }: SavedForm,
  directory: string,
  { ort }: ModelFormOptions,
  example: TensorMap | undefined,
): Promise<OnnxCheck | undefined> {
  if (predictor === undefined) return undefined;
  const runtime = ort ?? (await installedOnnxRuntime());
  return runtime === undefined ? undefined : await checkOnnx(directory, runtime, predictor, example);
}

const pythonFunction = (pythonVersion: string = PYTHON_VERSIONS.python) => ({
  data: ONNX_FILE,
  env: { conda: "conda.yaml", virtualenv: "python_env.yaml" },
  loader_module: "mlflow.onnx",
  python_version: pythonVersion,
});
