// In Bun: bun examples/bun.ts
import * as tf from "@tensorflow/tfjs";
import { connect, withRun } from "tidemark";
import { autolog } from "tidemark/tfjs";

tf.enableProdMode();
await tf.setBackend("cpu");
autolog(tf);

const runId = await withRun({ experiment: "bun" }, async (run) => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
  await model.fit(tf.tensor2d([[0], [1], [2]]), tf.tensor2d([[1], [3], [5]]), { epochs: 50, verbose: 0 });
  return run.id;
});

const client = await connect();
const { metrics, tags } = await client.runs.get(runId);
await client.close();
console.log(`${tags["tidemark.runtime"]}: loss ${metrics.loss?.toExponential(1)}`);
