// Trains a small network on the digits at three learning rates, and shows the three in one file that opens without a network or a server.
import * as tf from "@tensorflow/tfjs";
import { withRun } from "tidemark";
import { report } from "tidemark/report";
import { autolog } from "tidemark/tfjs";
import { CLASSES, loadDigits, PIXELS_PER_IMAGE } from "./support/digits.mjs";

tf.enableProdMode(); // without TF.js's advice on other packages
await tf.setBackend("cpu");
autolog(tf, { confusionMatrix: true });

const { training, validation } = loadDigits({ seed: 42 });
const oneHot = (digits) => tf.oneHot(tf.tensor1d(digits, "int32"), CLASSES);

const runs = [];
for (const learningRate of [0.03, 0.003, 0.0003]) {
  await withRun({ experiment: "report", name: `rate ${learningRate}`, params: { learningRate } }, async (run) => {
    const model = tf.sequential();
    model.add(tf.layers.dense({ inputShape: [PIXELS_PER_IMAGE], units: 32, activation: "relu" }));
    model.add(tf.layers.dense({ units: CLASSES, activation: "softmax" }));
    model.compile({ optimizer: tf.train.adam(learningRate), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    await model.fit(tf.tensor(training.pixels), oneHot(training.digits), {
      epochs: 10,
      batchSize: 32,
      validationData: [tf.tensor(validation.pixels), oneHot(validation.digits)],
      verbose: 0,
    });
    runs.push(run);
  });
}

const { file, bytes, leftOut } = await report(runs, { file: "report.html", title: "Three learning rates" });
console.log(`${file}: ${Math.round(bytes / 1024)} KiB. Open it in a browser.`);
for (const { what, name, why } of leftOut) console.log(`left out: ${what} ${name}, which ${why}`);
