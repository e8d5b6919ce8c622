import { invalidArgument, TidemarkError } from "../base/errors.ts";
import { OnnxGraph } from "./graph.ts";
import type { LayerExporter, Value } from "./layer-call.ts";
import { LAYER_EXPORTERS } from "./layer-table.ts";
import { type Dimension, type ElementType, modelMessage } from "./onnx-messages.ts";
import { portNames } from "./port-names.ts";
import type { LayersModel, ModelGraph, Shape, SymbolicTensor } from "./tensorflow.ts";
import { ModelWalker } from "./walk-model.ts";

/** Choices for {@link exportOnnx}. */
export interface ExportOptions {
  /**
   * Length of the first axis of inputs and outputs: `"dynamic"` for any, named `batch` in the ONNX model, or one number.
   * Default: what the model says of its inputs, which is any unless they were made with a `batchShape`.
   */
  readonly batch?: "dynamic" | number;
  /** Name of the graph. Default: the model's. */
  readonly name?: string;
  /** Who made the model. Default: `tidemark`. */
  readonly producerName?: string;
  /** Its version. Default: none. */
  readonly producerVersion?: string;
  /** A text for people, kept in the model. */
  readonly description?: string;
  /** Texts by key, kept in the model as `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Functions for classes of layers that are not TensorFlow.js's own, or to be written otherwise. By class name. */
  readonly layers?: Readonly<Record<string, LayerExporter>>;
}

/** A protobuf message can be no longer; what is larger needs its weights in other files. */
const LARGEST_BYTES = 2 ** 31 - 1;

/**
 * The bytes of an ONNX model (opset 17, IR 8) that answers what a layers model of TensorFlow.js answers in `predict`.
 *
 * Inputs and outputs keep their names (`model.inputNames`, `model.outputNames`; a second output of one layer gets `_2`), their
 * layouts and their element types. Weights are read with `dataSync`; the model is not changed.
 *
 * @throws `TidemarkError` with the code `INVALID_PARAMETER_VALUE` for a layer that has no ONNX form, named with what to do.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import * as ort from "onnxruntime-node";
 * import { exportOnnx } from "tidemark/onnx-export";
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: "softmax" })] });
 * const session = await ort.InferenceSession.create(exportOnnx(model));
 * ```
 */
export function exportOnnx(model: LayersModel, options: ExportOptions = {}): Uint8Array<ArrayBuffer> {
  checkModel(model);
  checkOptions(options);
  const graph = new OnnxGraph();
  const { inputNames, outputNames } = portNames(model);
  for (const name of outputNames) graph.reserve(name);
  const inputs = model.inputs.map((tensor, i) => addInput(graph, tensor, inputNames[i] as string, options.batch));
  const walker = new ModelWalker(graph, { ...LAYER_EXPORTERS, ...options.layers });
  for (const [i, { name, shape }] of walker.walk(model, inputs).entries()) {
    graph.scope = "";
    graph.output(
      outputNames[i] as string,
      name,
      dimensions(shape, () => null),
    );
  }
  const message = modelMessage({
    graph: graph.toMessage(options.name ?? model.name),
    producerName: options.producerName ?? "tidemark",
    producerVersion: options.producerVersion ?? "",
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
  });
  if (message.byteLength > LARGEST_BYTES)
    throw new TidemarkError(
      "INVALID_PARAMETER_VALUE",
      "model: an ONNX file holds at most 2 GiB, and this one needs more",
    );
  return message.toBytes();
}

function checkModel(model: LayersModel): asserts model is ModelGraph {
  const { inputs, outputs } = (model ?? {}) as Partial<LayersModel>;
  if (Array.isArray(inputs) && Array.isArray(outputs)) {
    const [output] = outputs as Partial<SymbolicTensor>[];
    if (output === undefined) throw invalidArgument("model", model, "a model with layers");
    if (output.sourceLayer !== undefined) return;
    // Graph models have inputs and outputs too, which know no layers.
    throw invalidArgument("model", model, "a layers model; a graph model has no layers any more");
  }
  throw invalidArgument("model", model, "a layers model of TensorFlow.js: tf.sequential, tf.model, tf.loadLayersModel");
}

function checkOptions({ batch }: ExportOptions): void {
  if (batch === undefined || batch === "dynamic") return;
  if (!Number.isSafeInteger(batch) || batch < 1)
    throw invalidArgument("batch", batch, '"dynamic" or a whole number from 1');
}

function addInput(graph: OnnxGraph, tensor: SymbolicTensor, name: string, batch: ExportOptions["batch"]): Value {
  const [declared = null, ...rest] = tensor.shape;
  const shape = [batch === "dynamic" ? null : (batch ?? declared), ...rest];
  graph.input(
    name,
    elementType(tensor, name),
    dimensions(shape, (axis) => `${name}_dim${axis}`),
  );
  return { name, shape };
}

function elementType({ dtype }: SymbolicTensor, name: string): ElementType {
  if (dtype === "float32" || dtype === "int32") return dtype;
  throw invalidArgument(`input ${name}`, dtype, "float32 or int32");
}

function dimensions(shape: Shape, nameOf: (axis: number) => string | null): Dimension[] {
  return shape.map((length, axis) => length ?? (axis === 0 ? "batch" : nameOf(axis)));
}
