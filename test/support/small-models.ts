import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import * as tf from "@tensorflow/tfjs";
import {
  graphMessage,
  modelMessage,
  nodeMessage,
  tensorMessage,
  valueMessage,
} from "../../src/onnx-export/onnx-messages.ts";
import { Message } from "../../src/onnx-export/protobuf.ts";

tf.enableProdMode();

/** Four features in, their sum as each of two scores out. */
export function denseModel(): tf.Sequential {
  const dense = tf.layers.dense({ units: 2, inputShape: [4], kernelInitializer: "ones", name: `scores${++count}` });
  return tf.sequential({ layers: [dense] });
}

/** TensorFlow.js has one name for one layer in a process. */
let count = 0;

/** A layer that only TensorFlow.js can run. */
export class Doubling extends tf.layers.Layer {
  static className = "Doubling";
  override computeOutputShape(shape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return shape;
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.mul([inputs].flat()[0] as tf.Tensor, 2);
  }
}
tf.serialization.registerClass(Doubling);

export const customModel = () => tf.sequential({ layers: [new Doubling({ inputShape: [4] } as never)] });

/** Two inputs through one layer, and two outputs. */
export function twoByTwoModel(): tf.LayersModel {
  const name = (text: string) => `${text}${++count}`;
  const [left, right] = [tf.input({ shape: [3], name: name("left") }), tf.input({ shape: [3], name: name("right") })];
  const shared = tf.layers.dense({ units: 2, name: name("shared") });
  const [a, b] = [shared.apply(left), shared.apply(right)] as [tf.SymbolicTensor, tf.SymbolicTensor];
  const sum = tf.layers.add({ name: name("sum") }).apply([a, b]) as tf.SymbolicTensor;
  const both = tf.layers.concatenate({ name: name("both") }).apply([a, b]) as tf.SymbolicTensor;
  return tf.model({ inputs: [left, right], outputs: [sum, both] });
}

const float = { type: "DT_FLOAT" };

/** `y = x * [2, 3]`, as TensorFlow's converters write graphs. */
export const graphArtifacts = () => ({
  format: "graph-model",
  generatedBy: "2.0",
  convertedBy: null,
  modelTopology: {
    node: [
      {
        name: "x",
        op: "Placeholder",
        attr: { dtype: float, shape: { shape: { dim: [{ size: "-1" }, { size: "2" }] } } },
      },
      {
        name: "w",
        op: "Const",
        attr: { dtype: float, value: { tensor: { dtype: "DT_FLOAT", tensorShape: { dim: [{ size: "2" }] } } } },
      },
      { name: "y", op: "Mul", input: ["x", "w"], attr: { T: float } },
    ],
    library: {},
    versions: {},
  },
  weightSpecs: [{ name: "w", shape: [2], dtype: "float32" as const }],
  weightData: Float32Array.of(2, 3).buffer,
});

export const graphModel = async () => await tf.loadGraphModel({ load: async () => graphArtifacts() as never });

/** `y = x + [1, 2]` over rows of two numbers. With a file, the two are kept there. */
export function addOnnx(weightsFile?: string): Uint8Array<ArrayBuffer> {
  const weights =
    weightsFile === undefined
      ? tensorMessage("w", "float32", Float32Array.of(1, 2), [2])
      : new Message()
          .int(1, 2)
          .int(2, 1)
          .text(8, "w")
          .message(13, new Message().text(1, "location").text(2, weightsFile))
          .int(14, 1);
  const port = (name: string) => valueMessage(name, "float32", ["batch", 2]);
  const graph = graphMessage({
    name: "add",
    nodes: [nodeMessage("add", "Add", ["x", "w"], ["y"], {})],
    constants: [weights],
    inputs: [port("x")],
    outputs: [port("y")],
  });
  return modelMessage({ graph, producerName: "tidemark's tests", producerVersion: "1" }).toBytes();
}

export const ADDED_BYTES = new Uint8Array(Float32Array.of(1, 2).buffer);

/** Every file below a directory, with forward slashes. */
export function filesOf(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}
