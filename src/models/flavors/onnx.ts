import { closeSync, constants, openSync } from "node:fs";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { invalidArgument, messageOf, TidemarkError } from "../../base/errors.ts";
import { localPathOf } from "../../base/file-uri.ts";
import { relativePathProblem } from "../../base/paths.ts";
import { damaged, guarded, isMissing, storageError } from "../../disk/storage-errors.ts";
import { PYTHON_VERSIONS } from "../../mlmodel/python-versions.ts";
import { type ByteSource, bytesSource, fileSource } from "../../onnx-file/byte-source.ts";
import { readExternalFiles } from "../../onnx-file/external-files.ts";
import { type OnnxPort, readOnnxPorts } from "../../onnx-file/onnx-ports.ts";
import { JAVASCRIPT_VERSIONS } from "../javascript-versions.ts";
import type { TensorPort } from "../predict/ports.ts";
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
  if (typeof model === "string") await copyOnnx(resolve(localPathOf(model)), target);
  else await writeOnnx(model instanceof ArrayBuffer ? new Uint8Array(model) : (model as Uint8Array), target);
  return { config: onnxConfig(), ports: portsOfFile(target), packages: onnxPackages(ort), onnx: ONNX_FILE };
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

/** Copies a model with the files it keeps weights in: larger models have them outside. */
async function copyOnnx(source: string, target: string): Promise<void> {
  const facts = await stat(source).catch(() => undefined);
  if (facts?.isFile() !== true) throw invalidArgument("model", source, "the path of an ONNX model that is there");
  const outside = withFile(source, readExternalFiles);
  if (outside === undefined) throw noModel();
  for (const name of outside) {
    const problem = relativePathProblem(name);
    if (problem !== undefined)
      throw invalidArgument("model", `weights in ${name}`, `files beside it; the path ${problem}`);
  }
  await copy(source, target);
  for (const name of outside) {
    const place = join(dirname(target), name);
    await mkdir(dirname(place), { recursive: true });
    await copy(join(dirname(source), name), place);
  }
}

async function copy(source: string, target: string): Promise<void> {
  try {
    await copyFile(source, target, constants.COPYFILE_EXCL);
  } catch (error) {
    if (isMissing(error)) throw invalidArgument("model", source, "a file that is there: the model keeps weights in it");
    throw storageError("copy", source, error);
  }
}

async function writeOnnx(bytes: Uint8Array, target: string): Promise<void> {
  const outside = readExternalFiles(bytesSource(bytes));
  if (outside === undefined) throw noModel();
  const [first] = outside;
  if (first !== undefined) {
    throw invalidArgument(
      "model",
      `bytes with weights in ${first}`,
      "the path of the model's file, to find its weights by",
    );
  }
  try {
    await writeFile(target, bytes);
  } catch (error) {
    throw storageError("write", target, error);
  }
}

const noModel = () =>
  new TidemarkError("INVALID_PARAMETER_VALUE", "model: the bytes are no ONNX model", {
    details: { argument: "model" },
  });

function withFile<T>(path: string, read: (source: ByteSource) => T): T {
  return guarded("read", path, () => {
    const descriptor = openSync(path, "r");
    try {
      return read(fileSource(descriptor));
    } finally {
      closeSync(descriptor);
    }
  });
}

/** What the model in a file takes and gives; `undefined` where it is none. */
export const portsOfFile = (path: string): ModelPorts | undefined => asPorts(withFile(path, readOnnxPorts));

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
  const outside = await checkFiles(path);
  const runtime = ort as OrtNamespace;
  // Only the Node build opens files itself, and only it finds weights that lie beside them.
  const opensFiles = runtime.env?.versions?.node !== undefined;
  try {
    const [model, options] = opensFiles ? [path, sessionOptions] : await inMemory(path, outside, sessionOptions);
    const session = await runtime.InferenceSession.create(model, options);
    return sessionPredictor(runtime, session, () => portsOfFile(path));
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw damaged(path, `ONNX Runtime cannot load it: ${messageOf(error)}`, error);
  }
}

/** Looks at the file of a model, and answers the files beside it in which it keeps weights. */
async function checkFiles(path: string): Promise<readonly string[]> {
  await checkFile(path);
  const outside = [...(withFile(path, readExternalFiles) ?? [])];
  for (const name of outside) {
    const problem = relativePathProblem(name);
    if (problem !== undefined) throw damaged(path, `has weights in ${JSON.stringify(name)}, which ${problem}`);
    await checkFile(join(dirname(path), name));
  }
  return outside;
}

async function checkFile(path: string): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) throw damaged(path, "is missing");
  if (!facts.isFile()) throw damaged(path, "is no file");
}

async function inMemory(path: string, outside: readonly string[], options: object | undefined) {
  const bytesOf = async (file: string) => new Uint8Array(await readFile(file));
  const weights = outside.map(async (name) => ({ path: name, data: await bytesOf(join(dirname(path), name)) }));
  const externalData = await Promise.all(weights);
  return [await bytesOf(path), externalData.length === 0 ? options : { externalData, ...options }] as const;
}
