import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { randomNumbers } from "../../../examples/support/shuffle.mjs";
import { autolog } from "../../../src/tfjs/index.ts";
import { classifier, flowers, Recording } from "../../support/tfjs-training.ts";

// The promise of autolog: a training is the same with it and without, bit for bit.

type Train = () => Promise<tf.LayersModel | tf.Variable[]>;

/** With dropout, which draws, and shuffling, which draws as well. */
function withDropout(): tf.Sequential {
  const model = classifier(tf.train.momentum(0.05, 0.9));
  const wider = tf.sequential({
    layers: [
      model.layers[0] as tf.layers.Layer,
      tf.layers.dropout({ rate: 0.3, seed: 3 }),
      model.layers[1] as tf.layers.Layer,
    ],
  });
  wider.compile({ optimizer: tf.train.momentum(0.05, 0.9), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  return wider;
}

const trainings: Record<string, Train> = {
  "fit, shuffled, with dropout and validation": async () => {
    const { x, y } = flowers();
    const model = withDropout();
    await model.fit(x, y, { epochs: 4, batchSize: 8, validationSplit: 0.2, verbose: 0 });
    model.evaluate(x, y);
    return model;
  },
  "fit, with callbacks of both kinds": async () => {
    const { x, y } = flowers();
    const model = classifier();
    const callbacks = [
      tf.callbacks.earlyStopping({ monitor: "loss", patience: 50 }),
      new tf.CustomCallback({}, "never"),
    ];
    await model.fit(x, y, { epochs: 3, verbose: 0, callbacks });
    return model;
  },
  fitDataset: async () => {
    const { x, y } = flowers();
    const model = classifier();
    const dataset = tf.data
      .zip({ xs: tf.data.array(x.arraySync()), ys: tf.data.array(y.arraySync()) })
      .shuffle(60, "1")
      .batch(16);
    await model.fitDataset(dataset, { epochs: 2, verbose: 0 });
    return model;
  },
  trainOnBatch: async () => {
    const { x, y } = flowers();
    const model = classifier();
    for (let batch = 0; batch < 5; batch++) await model.trainOnBatch(x, y);
    return model;
  },
  minimize: async () => {
    const { x } = flowers();
    const weight = tf.variable(tf.ones([4, 1]));
    const optimizer = tf.train.adam(0.1);
    for (let step = 0; step < 10; step++)
      optimizer.minimize(() => tf.mean(tf.square(tf.matMul(x, weight))) as tf.Scalar);
    return [weight];
  },
};

interface Outcome {
  readonly weights: number[][];
  readonly tensorsLeft: number;
  readonly drawn: number;
}

/** Trains with the same `Math.random` each time, and says what is left of it. */
async function outcomeOf(train: Train): Promise<Outcome> {
  const random = vi.spyOn(Math, "random").mockImplementation(randomNumbers(42));
  const before = tf.memory().numTensors;
  try {
    const trained = await train();
    const tensorsLeft = tf.memory().numTensors - before;
    const weights = Array.isArray(trained) ? trained : trained.getWeights();
    const values = weights.map((weight) => Array.from(weight.dataSync()));
    return { weights: values, tensorsLeft, drawn: random.mock.calls.length };
  } finally {
    random.mockRestore();
  }
}

describe.each(["cpu", "wasm"])("on backend %s", (backend) => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend(backend);
    await tf.ready();
  });
  afterAll(() => tf.setBackend("cpu"));

  it.each(Object.entries(trainings))("%s", async (_name, train) => {
    const without = await outcomeOf(train);
    const recording = new Recording();
    const { disable } = autolog(tf, { confusionMatrix: true });
    const first = await outcomeOf(train);
    await disable();
    const again = await outcomeOf(train);
    expect(again).toEqual(without);
    expect(first).toEqual(without);
    expect(recording.warnings.filter((warning) => !warning.includes("confusion"))).toEqual([]);
    expect((await recording.runs()).length).toBeGreaterThan(0);
  });
});

it("the event loop turns as it does without, also where the only callbacks are of the classes", async () => {
  await tf.setBackend("cpu");
  new Recording();
  const { disable } = autolog(tf);
  const { x, y } = flowers();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const callbacks = [tf.callbacks.earlyStopping({ monitor: "loss", patience: 1_000 })];
  await classifier().fit(x, y, { epochs: 4, batchSize: 2, verbose: 0, callbacks, yieldEvery: "batch" });
  clearInterval(timer);
  await disable();
  // One at each of 120 batches, were the machine ours alone.
  expect(ticks).toBeGreaterThan(20);
});

it("where nobody is to yield, nobody does", async () => {
  await tf.setBackend("cpu");
  new Recording();
  const { disable } = autolog(tf, { logModels: false });
  const { x, y } = flowers();
  const model = classifier();
  let ticks = 0;
  let during = 0;
  const timer = setInterval(() => ticks++, 1);
  const onTrainEnd = () => {
    during = ticks;
  };
  await model.fit(x, y, { epochs: 2, batchSize: 2, verbose: 0, yieldEvery: "never", callbacks: { onTrainEnd } });
  clearInterval(timer);
  await disable();
  expect(during).toBe(0);
});
