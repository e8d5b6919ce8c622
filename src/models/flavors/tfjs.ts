import { join } from "node:path";
import { messageOf, TidemarkError } from "../../base/errors.ts";
import { damaged } from "../../disk/storage-errors.ts";
import { exportOnnx } from "../../onnx-export/export-onnx.ts";
import { portNames } from "../../onnx-export/port-names.ts";
import type { ModelGraph } from "../../onnx-export/tensorflow.ts";
import { JAVASCRIPT_VERSIONS } from "../javascript-versions.ts";
import type { TensorPort } from "../predict/ports.ts";
import type { Runtimes, TfArtifacts, TfModel, TfNamespace, TfPort } from "../runtimes.ts";
import type { Flavor, LoadSource, ModelPorts, SavedForm, SaveTarget, TensorPredictor } from "./flavor.ts";
import { modelPath } from "./model-path.ts";
import { readTfjsFiles, writeTfjsFiles } from "./tfjs-files.ts";
import { graphPredictor, layersPredictor } from "./tfjs-predictors.ts";

const DIRECTORY = "tfjs";

/** Models of TensorFlow.js: layers models and graph models, in TensorFlow.js's own files, `tfjs/model.json` and shards of 4 MiB. */
export const tfjsFlavor: Flavor = {
  name: "tfjs",
  accepts: isTfModel,
  save: (model, target) => saveTfjs(model as TfModel, target),
  missing: ({ tf }) => (tf === undefined ? "TensorFlow.js: { tf }, from @tensorflow/tfjs" : undefined),
  load: loadTfjs,
};

function isTfModel(model: unknown): model is TfModel {
  if (typeof model !== "object" || model === null) return false;
  const { save, predict, inputs, outputs } = model as Partial<TfModel>;
  return typeof save === "function" && typeof predict === "function" && Array.isArray(inputs) && Array.isArray(outputs);
}

/** Graph models know no layers any more. */
const isLayersModel = (model: TfModel): boolean => model.outputs[0]?.sourceLayer !== undefined;

async function saveTfjs(model: TfModel, { directory, includeOptimizer, layers, tf }: SaveTarget): Promise<SavedForm> {
  const isLayers = isLayersModel(model);
  const savesOptimizer = isLayers && includeOptimizer && model.optimizer !== undefined;
  const artifacts = await artifactsOf(model, savesOptimizer);
  await writeTfjsFiles(join(directory, DIRECTORY), artifacts);
  const version = versionOf(tf);
  const ports = isLayers ? layersPorts(model) : graphPorts(model);
  return {
    config: {
      data: DIRECTORY,
      format: isLayers ? "layers-model" : "graph-model",
      includes_optimizer: savesOptimizer,
      tfjs_version: version,
    },
    ports,
    packages: { "@tensorflow/tfjs": version },
    onnx: isLayers
      ? () => exportOnnx(model as unknown as ModelGraph, layers === undefined ? {} : { layers })
      : refuseGraph,
    predictor: tf === undefined || !isLayers ? undefined : layersPredictor(tf as TfNamespace, model, ports, () => {}),
  };
}

function refuseGraph(): never {
  const hint = "hand its ONNX form in as `onnx`, or say `onnx: false`";
  throw new TidemarkError("NOT_IMPLEMENTED", `graph models of TensorFlow.js have no export to ONNX: ${hint}`);
}

function versionOf(tf: Runtimes["tf"]): string {
  const { version, version_core } = (tf ?? {}) as Partial<TfNamespace>;
  return version?.tfjs ?? version?.["tfjs-core"] ?? version_core ?? JAVASCRIPT_VERSIONS["@tensorflow/tfjs"];
}

/** What the model hands over to be saved. Any object with a `save` will do for TensorFlow.js. */
async function artifactsOf(model: TfModel, includeOptimizer: boolean): Promise<TfArtifacts> {
  let artifacts: TfArtifacts | undefined;
  const save = async (given: TfArtifacts) => {
    artifacts = given;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  };
  try {
    await model.save({ save }, { includeOptimizer });
  } catch (error) {
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `model: TensorFlow.js cannot save it: ${messageOf(error)}`, {
      cause: error,
      details: { argument: "model" },
    });
  }
  if (artifacts === undefined) throw new TidemarkError("INTERNAL_ERROR", "TensorFlow.js has handed no model over");
  return artifacts;
}

function layersPorts(model: TfModel): ModelPorts {
  const { inputNames, outputNames } = portNames(model as unknown as ModelGraph);
  return {
    inputs: model.inputs.map((port, index) => portOf(port, inputNames[index] as string)),
    outputs: model.outputs.map((port, index) => portOf(port, outputNames[index] as string)),
  };
}

const graphPorts = ({ inputs, outputs }: TfModel): ModelPorts => ({
  inputs: inputs.map((port) => portOf(port, port.name)),
  outputs: outputs.map((port) => portOf(port, port.name)),
});

/** TensorFlow.js's names of types to NumPy's, where they differ. */
const DTYPES: Readonly<Record<string, string>> = { string: "str" };

const portOf = ({ dtype, shape }: TfPort, name: string): TensorPort => ({
  name,
  dtype: DTYPES[dtype] ?? dtype,
  shape: shape?.map((length) => length ?? -1),
});

async function loadTfjs({ directory, config, tf }: LoadSource): Promise<TensorPredictor> {
  const namespace = tf as TfNamespace;
  const folder = modelPath(directory, "flavors.tfjs.data", config.data ?? DIRECTORY);
  const artifacts = await readTfjsFiles(folder);
  const isGraph = (config.format ?? artifacts.format) === "graph-model";
  const load = isGraph ? namespace.loadGraphModel : namespace.loadLayersModel;
  if (load === undefined) {
    const part = isGraph ? "loadGraphModel (@tensorflow/tfjs-converter)" : "loadLayersModel (@tensorflow/tfjs-layers)";
    throw new TidemarkError("INVALID_PARAMETER_VALUE", `tf: has no ${part}, which this model needs`);
  }
  const json = join(folder, "model.json");
  const model = await load({ load: async () => artifacts }).catch((error) => {
    throw damaged(json, `TensorFlow.js cannot load it: ${messageOf(error)}`, error);
  });
  const ports = isGraph ? graphPorts(model) : layersPorts(model);
  const close = () => model.dispose?.();
  // TensorFlow.js takes any value for a name or a type.
  if (
    [...ports.inputs, ...ports.outputs].some(({ name, dtype }) => typeof name !== "string" || typeof dtype !== "string")
  ) {
    close();
    throw damaged(json, "has inputs or outputs whose names or types are no texts");
  }
  return isGraph ? graphPredictor(namespace, model, ports, close) : layersPredictor(namespace, model, ports, close);
}
