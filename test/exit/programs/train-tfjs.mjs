// Trains with the one line and nothing else, and ends by `end`. Says the steps it has taken.
import * as tf from "@tensorflow/tfjs";
import { autolog } from "tidemark/tfjs";

const { loop, end } = JSON.parse(process.argv[2]);
tf.enableProdMode();
await tf.setBackend("cpu");
autolog(tf);

const STEPS = 500;

const endings = {
  return: () => {},
  "exit-0": () => process.exit(0),
  "exit-1": () => process.exit(1),
  throw: () => {
    throw new TypeError("the training went wrong");
  },
};

const loops = {
  minimize() {
    const weight = tf.variable(tf.scalar(2));
    const optimizer = tf.train.sgd(0.01);
    for (let step = 0; step < STEPS; step++) optimizer.minimize(() => tf.square(weight));
    endings[end]();
  },
  // Ends after ten of its eleven epochs: the last one never gets further than its beginning.
  async fit() {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    await model.fit(tf.ones([STEPS / 10, 1]), tf.ones([STEPS / 10, 1]), {
      batchSize: 1,
      epochs: 11,
      verbose: 0,
      yieldEvery: "never",
      callbacks: {
        onEpochEnd: (epoch) => void (epoch === 9 && setImmediate(endings[end])),
        onEpochBegin: (epoch) => epoch === 10 && new Promise((resolve) => setTimeout(resolve, 60_000)),
      },
    });
  },
};
await loops[loop]();
