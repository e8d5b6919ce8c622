import { closeSync, openSync } from "node:fs";
import { copyFile, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import { damaged, guarded, storageError } from "../../disk/storage-errors.ts";
import { bytesSource, fileSource } from "../../onnx-file/byte-source.ts";
import { type OnnxPort, readOnnxPorts } from "../../onnx-file/onnx-ports.ts";
import { JAVASCRIPT_VERSIONS } from "../javascript-versions.ts";
import type { TensorPort } from "../predict/ports.ts";
import { PYTHON_VERSIONS } from "../python-versions.ts";
import type { OrtNamespace, Runtimes } from "../runtimes.ts";
import type { Flavor, LoadSource, ModelPorts, SavedForm, SaveTarget, TensorPredictor } from "./flavor.ts";
import { modelPath } from "./model-path.ts";
import { sessionPredictor } from "./onnx-session.ts";

/** Where MLflow puts it. */
export const ONNX_FILE = "model.onnx";

/** ONNX models: their bytes, or the path of their file. MLflow's own flavor of that name, byte for byte the same files. */
export const onnxFlavor: Flavor = {
  name: "onnx",
  accepts: (model) =>
    model instanceof Uint8Array ||
    model instanceof ArrayBuffer ||
    (typeof model === "string" && /\.onnx$/i.test(model)),
  save: saveOnnx,
  missing: ({ ort }) =>
    ort === undefined ? "ONNX Runtime: { ort }, from onnxruntime-node or onnxruntime-web" : undefined,
  load: loadOnnx,
};

async function saveOnnx(model: unknown, { directory, ort }: SaveTarget): Promise<SavedForm> {
  const target = join(directory, ONNX_FILE);
  if (typeof model === "string") await copyOnnx(model, target);
  else await write(target, model instanceof ArrayBuffer ? new Uint8Array(model) : (model as Uint8Array));
  const ports = portsOfFile(target);
  if (ports === undefined) {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", "model: the bytes are no ONNX model", {
      details: { argument: "model" },
    });
  }
  return { config: onnxConfig(), ports, packages: onnxPackages(ort), onnx: ONNX_FILE };
}

/** What MLflow keeps of an ONNX model. */
export const onnxConfig = () => ({
  code: null,
  data: ONNX_FILE,
  onnx_session_options: null,
  onnx_version: PYTHON_VERSIONS.onnx,
  providers: ["CPUExecutionProvider"],
});

export function onnxPackages(ort: Runtimes["ort"]): Readonly<Record<string, string>> {
  const versions = (ort as OrtNamespace | undefined)?.env?.versions;
  if (versions?.node !== undefined) return { "onnxruntime-node": versions.node };
  if (versions?.web !== undefined) return { "onnxruntime-web": versions.web };
  return { "onnxruntime-node": JAVASCRIPT_VERSIONS["onnxruntime-node"] };
}

/** Copies a model with the files of weights that lie beside it: larger models keep them outside. */
async function copyOnnx(path: string, target: string): Promise<void> {
  const source = path.startsWith("file:") ? fileURLToPath(path) : path;
  try {
    await copyFile(source, target);
    const name = basename(source);
    const beside = await readdir(dirname(source), { withFileTypes: true });
    const isWeights = (file: string) => file === `${name}.data` || file === `${name}_data`;
    for (const entry of beside) {
      if (entry.isFile() && isWeights(entry.name)) {
        await copyFile(join(dirname(source), entry.name), join(dirname(target), entry.name));
      }
    }
  } catch (error) {
    const message = `model: cannot copy ${JSON.stringify(source)}: ${messageOf(error)}`;
    throw new TidemarkError("INVALID_PARAMETER_VALUE", message, { cause: error, details: { argument: "model" } });
  }
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    throw storageError("write", path, error);
  }
}

/** What the model in a file takes and gives; `undefined` where it is none. */
export function portsOfFile(path: string): ModelPorts | undefined {
  return guarded("read", path, () => {
    const descriptor = openSync(path, "r");
    try {
      return asPorts(readOnnxPorts(fileSource(descriptor)));
    } finally {
      closeSync(descriptor);
    }
  });
}

/** The same of a model in memory. */
export const portsOfBytes = (bytes: Uint8Array): ModelPorts | undefined => asPorts(readOnnxPorts(bytesSource(bytes)));

function asPorts(ports: ReturnType<typeof readOnnxPorts>): ModelPorts | undefined {
  return ports === undefined ? undefined : { inputs: ports.inputs.map(asPort), outputs: ports.outputs.map(asPort) };
}

/** MLflow's word for what NumPy has no type for. */
const asPort = ({ name, dtype = "object", shape }: OnnxPort): TensorPort => ({ name, dtype, shape });

async function loadOnnx(source: LoadSource): Promise<TensorPredictor> {
  const { directory, config, flavors, ort, sessionOptions } = source;
  // Models of MLflow's early days say it only for Python.
  const data = config.data ?? flavors.python_function?.data ?? ONNX_FILE;
  const path = modelPath(directory, "flavors.onnx.data", data);
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) throw damaged(path, "is missing");
  if (!facts.isFile()) throw damaged(path, "is no file");
  const runtime = ort as OrtNamespace;
  try {
    // Only the Node build opens files itself, and only it finds weights that lie beside them.
    const model = runtime.env?.versions?.node !== undefined ? path : new Uint8Array(await readFile(path));
    const session = await runtime.InferenceSession.create(model, sessionOptions);
    return sessionPredictor(runtime, session, () => portsOfFile(path));
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw damaged(path, `ONNX Runtime cannot load it: ${messageOf(error)}`, error);
  }
}
