// Trains a small network on 1,797 real handwritten digits, records the training, and prints what was recorded.
import * as tf from "@tensorflow/tfjs";
import { dataset, withRun } from "tidemark";
import { CLASSES, DIGITS_FILE, loadDigits, PIXELS_PER_IMAGE } from "./support/digits.mjs";
import { formatConfusionMatrix, printReport, printWhereItWaits } from "./support/report.mjs";

const params = {
  seed: 42,
  hiddenUnits: 64,
  optimizer: { name: "adam", learningRate: 0.003 },
  fit: { epochs: 30, batchSize: 32 },
};

tf.enableProdMode(); // without TF.js's advice on other packages
await tf.setBackend("cpu");

const { run, accuracy } = await withRun({ experiment: "digits", params }, async (run) => {
  const { training, validation, test } = loadDigits(params);
  for (const [context, data] of Object.entries({ training, validation, test })) {
    run.logInput(dataset({ name: "digits", source: DIGITS_FILE, data }), { context });
  }

  const model = createModel();
  console.log(`training on ${training.digits.length} images, ${params.fit.epochs} epochs; run ${run.id}`);
  await model.fit(tf.tensor(training.pixels), oneHot(training.digits), {
    ...params.fit,
    validationData: [tf.tensor(validation.pixels), oneHot(validation.digits)],
    shuffle: false, // the rows are shuffled already, and fit's own shuffling knows no seed
    verbose: 0,
    callbacks: {
      onBatchEnd: (_batch, { loss, acc }) => run.logMetrics({ batch_loss: loss, batch_accuracy: acc }),
      onEpochEnd: (_epoch, { loss, acc, val_loss, val_acc }) =>
        run.logMetrics({ loss, accuracy: acc, val_loss, val_accuracy: val_acc }),
    },
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
  const { seed, hiddenUnits: units, optimizer } = params;
  const kernelInitializer = tf.initializers.heNormal({ seed });
  const model = tf.sequential();
  model.add(tf.layers.dense({ inputShape: [PIXELS_PER_IMAGE], units, activation: "relu", kernelInitializer }));
  model.add(tf.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer }));
  model.compile({
    optimizer: tf.train.adam(optimizer.learningRate),
    loss: "categoricalCrossentropy",
    metrics: ["accuracy"],
  });
  return model;
}

function oneHot(digits) {
  return tf.oneHot(tf.tensor1d(digits, "int32"), CLASSES);
}
