// Trains a small network on 1,797 real handwritten digits and prints what was recorded. One line records the training.
import * as tf from "@tensorflow/tfjs";
import { withRun } from "tidemark";
import { autolog } from "tidemark/tfjs";
import { CLASSES, loadDigits, PIXELS_PER_IMAGE } from "./support/digits.mjs";
import { formatConfusionMatrix, printReport, printWhereItWaits } from "./support/report.mjs";

const params = { seed: 42, hiddenUnits: 64 };

tf.enableProdMode(); // without TF.js's advice on other packages
await tf.setBackend("cpu");
autolog(tf);

// The run around it is for what only this program knows: its own params, and the test at the end.
const { run, accuracy } = await withRun({ experiment: "digits", params }, async (run) => {
  const { training, validation, test } = loadDigits(params);
  const model = createModel();
  console.log(`training on ${training.digits.length} images; run ${run.id}`);
  await model.fit(tf.tensor(training.pixels), oneHot(training.digits), {
    epochs: 30,
    batchSize: 32,
    validationData: [tf.tensor(validation.pixels), oneHot(validation.digits)],
    shuffle: false, // the rows are shuffled already, and fit's own shuffling knows no seed
    verbose: 0,
  });

  const recognized = model.predict(tf.tensor(test.pixels)).argMax(-1).arraySync();
  const confusion = Array.from({ length: CLASSES }, () => new Array(CLASSES).fill(0));
  for (const [image, digit] of test.digits.entries()) confusion[digit][recognized[image]]++;
  const right = confusion.reduce((sum, row, digit) => sum + row[digit], 0);
  const accuracy = right / test.digits.length;
  run.logMetric("test_accuracy", accuracy);
  await run.logJson(confusion, "confusion-matrix.json");
  await run.logText(formatConfusionMatrix(confusion), "confusion-matrix.txt");
  return { run, accuracy };
});

if (run.backendId === undefined) printWhereItWaits(run);
else await printReport(run.id);
if (accuracy < 0.9) throw new Error("the network learned less than it should");

function createModel() {
  const { seed, hiddenUnits: units } = params;
  const kernelInitializer = tf.initializers.heNormal({ seed });
  const model = tf.sequential();
  model.add(tf.layers.dense({ inputShape: [PIXELS_PER_IMAGE], units, activation: "relu", kernelInitializer }));
  model.add(tf.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer }));
  model.compile({ optimizer: tf.train.adam(0.003), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return model;
}

function oneHot(digits) {
  return tf.oneHot(tf.tensor1d(digits, "int32"), CLASSES);
}
