// Trains a network in TensorFlow.js, writes it as an ONNX file, and runs that in ONNX Runtime: the same answers, in less time.
import { writeFile } from "node:fs/promises";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { exportOnnx } from "tidemark/onnx-export";
import { loadIrises, SPECIES } from "./support/irises.mjs";

tf.enableProdMode(); // without TF.js's advice on other packages
const { lengths, species } = loadIrises({ seed: 1 });
const flowers = tf.tensor2d(lengths);
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, inputShape: [4], activation: "relu" }),
    tf.layers.dropout({ rate: 0.1 }), // exported as nothing: it is for training only
    tf.layers.dense({ units: SPECIES.length, activation: "softmax", name: "species" }),
  ],
});
model.compile({ optimizer: tf.train.adam(0.02), loss: "categoricalCrossentropy" });
await model.fit(flowers, tf.oneHot(tf.tensor1d(species, "int32"), SPECIES.length), { epochs: 30, verbose: 0 });

const bytes = exportOnnx(model, { name: "irises", description: "Irises by four lengths in cm" });
await writeFile("irises.onnx", bytes);
console.log(`irises.onnx has ${bytes.length} bytes`);

const session = await ort.InferenceSession.create("irises.onnx");
const input = new ort.Tensor("float32", Float32Array.from(lengths.flat()), [lengths.length, 4]);
const outputs = await session.run({ [session.inputNames[0]]: input });
const probabilities = outputs.species.data;
const expected = model.predict(flowers).dataSync();
const difference = Math.max(...expected.map((value, i) => Math.abs(value - probabilities[i])));
await session.release();

console.log(
  `${lengths.length} flowers, largest difference between TensorFlow.js and ONNX Runtime: ${difference.toExponential(1)}`,
);
if (difference > 1e-5) throw new Error("the answers differ");
