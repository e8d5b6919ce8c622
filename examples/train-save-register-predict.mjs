// From a training to a prediction somewhere else: a network on handwritten digits is trained in TensorFlow.js, logged with its run,
// registered, and asked in ONNX Runtime by the name it has in the registry. Python loads it by the same name.
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { withRun } from "tidemark";
import { loadModel, logModel } from "tidemark/models";
import { CLASSES, loadDigits, PIXELS_PER_IMAGE } from "./support/digits.mjs";

const params = { seed: 7, hiddenUnits: 32, epochs: 15 };

tf.enableProdMode(); // without TF.js's advice on other packages
const { training, test } = loadDigits(params);

// 1. Train, and log the model: all its forms, with an example of its input, as the next version of "digits".
await withRun({ experiment: "digits", params }, async (run) => {
  const model = createModel();
  await model.fit(tf.tensor(training.pixels), tf.oneHot(tf.tensor1d(training.digits, "int32"), CLASSES), {
    epochs: params.epochs,
    shuffle: false, // the rows are shuffled already, and fit's own shuffling knows no seed
    verbose: 0,
    callbacks: { onEpochEnd: (_, logs) => run.logMetrics({ loss: logs.loss, accuracy: logs.acc }) },
  });
  const logged = await logModel(run, model, {
    tf,
    inputExample: [training.pixels[0]],
    registeredModelName: "digits",
    alias: "champion",
  });
  const { difference } = logged.onnxCheck; // TensorFlow.js and ONNX Runtime, on the example
  console.log(`${logged.uri} is version ${logged.version} of digits; flavors ${logged.flavors.join(", ")}`);
  console.log(`its ONNX form differs by ${difference.toExponential(1)} of the largest output`);
});

// 2. Ask it, as another program would: nothing of TensorFlow.js is needed here any more.
const champion = await loadModel("models:/digits@champion", { ort });
const probabilities = await champion.predict(test.pixels);
const recognized = probabilities.map((row) => row.indexOf(Math.max(...row)));
const right = recognized.filter((digit, index) => digit === test.digits[index]).length;
await champion.close();
console.log(`${champion.flavor}: ${right} of ${test.digits.length} digits are recognized`);
if (right / test.digits.length < 0.9) throw new Error("the network learned less than it should");

function createModel() {
  const { seed, hiddenUnits: units } = params;
  const kernelInitializer = tf.initializers.heNormal({ seed });
  const model = tf.sequential();
  model.add(tf.layers.dense({ inputShape: [PIXELS_PER_IMAGE], units, activation: "relu", kernelInitializer }));
  model.add(tf.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer, name: "digit" }));
  model.compile({ optimizer: tf.train.adam(0.005), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}
