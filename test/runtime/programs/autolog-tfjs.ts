// One line, a `fit` and a loop of one's own: TensorFlow.js is recorded, and the trained model with it.
import * as tf from "@tensorflow/tfjs";
import { connect, withRun } from "tidemark";
import { autolog } from "tidemark/tfjs";

async function main(): Promise<void> {
  tf.enableProdMode();
  await tf.setBackend("cpu");
  autolog(tf);

  const x = tf.tensor2d([[0], [1], [2], [3]]);
  const y = tf.tensor2d([[1], [3], [5], [7]]);
  const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [1], units: 1 })] });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
  const fitted = await withRun({ experiment: "matrix" }, async (run) => {
    await model.fit(x, y, { epochs: 3, verbose: 0 });
    return run.id;
  });

  const slope = tf.variable(tf.scalar(0));
  const optimizer = tf.train.adam(0.1);
  const looped = await withRun({ experiment: "matrix" }, async (run) => {
    for (let step = 0; step < 5; step++) optimizer.minimize(() => tf.sub(1, slope).square().asScalar(), false, [slope]);
    return run.id;
  });

  const client = await connect();
  const { params, modelOutputs } = await client.runs.get(fitted);
  const epochs = await client.runs.metricHistory(fitted, "loss");
  const steps = await client.runs.metricHistory(looped, "batch_loss");
  const optimizers = [params.optimizer_name, (await client.runs.get(looped)).params.optimizer_name];
  console.log(
    JSON.stringify({ epochs: epochs.values.length, steps: steps.values[0], optimizers, models: modelOutputs.length }),
  );
  await client.close();
}

main();
