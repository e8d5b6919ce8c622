// Trains a network on 150 irises and saves it as a directory that Python loads and serves: serve-with-python.md goes on from there.
import * as tf from "@tensorflow/tfjs";
import { saveModel } from "tidemark/models";
import { loadIrises, SPECIES } from "./support/irises.mjs";

const COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"];

tf.enableProdMode(); // without TF.js's advice on other packages
const { lengths, species } = loadIrises({ seed: 1 });
const kernelInitializer = tf.initializers.glorotNormal({ seed: 1 });
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, inputShape: [4], activation: "relu", kernelInitializer }),
    tf.layers.dense({ units: SPECIES.length, activation: "softmax", kernelInitializer, name: "species" }),
  ],
});
model.compile({ optimizer: tf.train.adam(0.02), loss: "categoricalCrossentropy" });
const labels = tf.oneHot(tf.tensor1d(species, "int32"), SPECIES.length);
await model.fit(tf.tensor2d(lengths), labels, { epochs: 60, shuffle: false, verbose: 0 });

// An example of rows makes a signature of columns: servers take tables, and CSV.
const inputExample = lengths.slice(0, 2).map((flower) => Object.fromEntries(COLUMNS.map((c, i) => [c, flower[i]])));
const saved = await saveModel("irises", model, { tf, inputExample, overwrite: true });

console.log(`${saved.directory} has the flavors ${saved.flavors.join(", ")}`);
if (!saved.flavors.includes("python_function")) throw new Error("Python cannot load it");
