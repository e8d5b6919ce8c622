// fitDataset from a generator, for data that does not fit into memory; early stopping decides when it is enough.
import * as tf from "@tensorflow/tfjs";
import { connect, withRun } from "tidemark";
import { autolog } from "tidemark/tfjs";
import { CLASSES, loadDigits, PIXELS_PER_IMAGE } from "./support/digits.mjs";

tf.enableProdMode();
await tf.setBackend("cpu");
autolog(tf, { registeredModelName: "digits" });

const { training, validation, test } = loadDigits({ seed: 42 });

/** One example after the other, as from a file that is read while the model is trained. */
function* examples({ pixels, digits }) {
  for (const [index, xs] of pixels.entries()) yield { xs, ys: oneHot(digits[index]) };
}
const oneHot = (digit) => Array.from({ length: CLASSES }, (_, index) => Number(index === digit));
const batches = (part) => tf.data.generator(() => examples(part)).batch(32);

const model = tf.sequential();
const kernelInitializer = tf.initializers.heNormal({ seed: 42 });
model.add(tf.layers.dense({ inputShape: [PIXELS_PER_IMAGE], units: 32, activation: "relu", kernelInitializer }));
model.add(tf.layers.dense({ units: CLASSES, activation: "softmax", kernelInitializer }));
model.compile({ optimizer: tf.train.adam(0.03), loss: "categoricalCrossentropy", metrics: ["accuracy"] });

const runId = await withRun({ experiment: "examples", name: "fit-dataset" }, async (run) => {
  await model.fitDataset(batches(training), {
    epochs: 50,
    verbose: 0,
    validationData: batches(validation),
    callbacks: tf.callbacks.earlyStopping({ monitor: "val_loss", patience: 1 }),
  });
  await model.evaluateDataset(batches(test), {});
  return run.id;
});

const client = await connect();
const { metrics, params, tags } = await client.runs.get(runId);
console.log(`batches of ${params.batch_size}, watching ${params.monitor} with patience ${params.patience}`);
console.log(`stopped by ${tags["tidemark.stoppedEarly"] ?? "nobody"}, best epoch ${metrics.best_epoch}`);
console.log(`accuracy on images it never saw: ${metrics.validation_accuracy.toFixed(3)}`);
for await (const { name, version } of client.registry.searchVersions()) console.log(`registered: ${name} ${version}`);
