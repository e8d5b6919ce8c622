// A training loop of one's own over optimizer.minimize: every step is recorded by the one line, and what else matters by hand.
import * as tf from "@tensorflow/tfjs";
import { connect, withRun } from "tidemark";
import { autolog } from "tidemark/tfjs";

tf.enableProdMode();
await tf.setBackend("cpu");
autolog(tf, { everyNBatches: 2 });

// Points on a parabola, and the three numbers that make it.
const x = tf.linspace(-1, 1, 64);
const y = tf.add(tf.mul(2, tf.square(x)), tf.sub(tf.mul(0.5, x), 1));
const [a, b, c] = [1, 1, 1].map((start) => tf.variable(tf.scalar(start)));
const guess = () => tf.add(tf.mul(a, tf.square(x)), tf.add(tf.mul(b, x), c));
const loss = () => tf.mean(tf.squaredDifference(guess(), y));

const optimizer = tf.train.adam(0.1);
const runId = await withRun({ experiment: "examples", name: "custom-loop" }, async (run) => {
  for (let step = 0; step < 200; step++) {
    optimizer.minimize(loss, false, [a, b, c]);
    if (step % 50 === 49) run.logMetric("a", a.dataSync()[0], { step });
  }
  return run.id;
});

const client = await connect();
const { params, metrics } = await client.runs.get(runId);
const { values } = await client.runs.metricHistory(runId, "batch_loss");
console.log(`${params.optimizer_name} at ${params.optimizer_learning_rate}, ${values.length} losses recorded`);
console.log(`loss ${values[0].toFixed(3)} -> ${metrics.batch_loss.toExponential(1)}; a is ${metrics.a.toFixed(3)}`);
if (metrics.batch_loss > 1e-3) throw new Error("the parabola was not found");
