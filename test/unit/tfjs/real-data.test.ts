import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { beforeAll, describe, expect, it } from "vitest";
import { loadDigits } from "../../../examples/support/digits.mjs";
import { loadIrises } from "../../../examples/support/irises.mjs";
import { handWritten, record } from "../../support/tfjs-training.ts";

// What people train, on what they have measured: every value that autolog records is the one a hand-written callback was told.

beforeAll(() => {
  tf.enableProdMode();
});

const { lengths, species } = loadIrises({ seed: 1 });
const { pixels, digits } = loadDigits({ seed: 1 }).training;
const dense = (units: number, options: object = {}) =>
  tf.layers.dense({ units, kernelInitializer: tf.initializers.heNormal({ seed: 3 }), ...options });

interface Training {
  readonly backend: "cpu" | "wasm";
  readonly model: () => tf.LayersModel;
  readonly data: () => { x: tf.Tensor | tf.Tensor[]; y: tf.Tensor };
  readonly epochs: number;
  readonly accuracy: number;
}

const irisLabels = () => tf.oneHot(tf.tensor1d(species, "int32"), 3);
const digitLabels = (count: number) => tf.oneHot(tf.tensor1d(digits.slice(0, count), "int32"), 10);

function irisNetwork(): tf.LayersModel {
  return tf.sequential({
    layers: [dense(16, { inputShape: [4], activation: "relu" }), dense(3, { activation: "softmax" })],
  });
}

const trainings: Readonly<Record<string, Training>> = {
  "irises, a network of two layers": {
    backend: "cpu",
    model: irisNetwork,
    data: () => ({ x: tf.tensor2d(lengths), y: irisLabels() }),
    epochs: 30,
    accuracy: 0.9,
  },
  "irises, the same on wasm": {
    backend: "wasm",
    model: irisNetwork,
    data: () => ({ x: tf.tensor2d(lengths), y: irisLabels() }),
    epochs: 30,
    accuracy: 0.9,
  },
  "irises, sepals and petals as two inputs": {
    backend: "cpu",
    model: () => {
      const inputs = ["sepals", "petals"].map((name) => tf.input({ shape: [2], name }));
      const hidden = inputs.map((input) => dense(8, { activation: "relu" }).apply(input) as tf.SymbolicTensor);
      const joined = tf.layers.concatenate().apply(hidden) as tf.SymbolicTensor;
      return tf.model({ inputs, outputs: dense(3, { activation: "softmax" }).apply(joined) as tf.SymbolicTensor });
    },
    data: () => ({
      x: [tf.tensor2d(lengths.map((row) => row.slice(0, 2))), tf.tensor2d(lengths.map((row) => row.slice(2)))],
      y: irisLabels(),
    }),
    epochs: 80,
    accuracy: 0.9,
  },
  "digits, a convolution": {
    backend: "cpu",
    model: () =>
      tf.sequential({
        layers: [
          tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: "relu" }),
          tf.layers.flatten(),
          dense(10, { activation: "softmax" }),
        ],
      }),
    data: () => ({ x: tf.tensor4d(pixels.slice(0, 300).flat(), [300, 8, 8, 1]), y: digitLabels(300) }),
    epochs: 4,
    accuracy: 0.5,
  },
  "digits, row by row into a recurrent layer": {
    backend: "wasm",
    model: () =>
      tf.sequential({
        layers: [tf.layers.lstm({ units: 12, inputShape: [8, 8] }), dense(10, { activation: "softmax" })],
      }),
    data: () => ({ x: tf.tensor3d(pixels.slice(0, 300).flat(), [300, 8, 8]), y: digitLabels(300) }),
    epochs: 12,
    accuracy: 0.4,
  },
};

describe("real data", () => {
  it.each(Object.entries(trainings))("%s", async (_name, { backend, model: make, data, epochs, accuracy }) => {
    await tf.setBackend(backend);
    const recording = record();
    const seen = handWritten();
    const model = make();
    model.compile({ optimizer: tf.train.adam(0.02), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
    const { x, y } = data();
    await model.fit(x, y, { epochs, batchSize: 30, validationSplit: 0.2, verbose: 0, callbacks: seen.callback });
    const run = await recording.run();
    expect(run).toMatchObject({ status: "FINISHED", params: { epochs: String(epochs), batch_size: "30", backend } });
    for (const [key, name] of [
      ["loss", "loss"],
      ["acc", "accuracy"],
      ["val_loss", "val_loss"],
      ["val_acc", "val_accuracy"],
    ] as const) {
      expect((await recording.history(run.id, name)).values).toEqual(seen.epochs.map((logs) => logs[key]));
    }
    expect((await recording.history(run.id, "batch_loss")).values).toEqual(seen.batches.map(({ loss }) => loss));
    expect(run.metrics.accuracy).toBeGreaterThan(accuracy);
    expect(recording.warnings).toEqual([]);
    await tf.setBackend("cpu");
  });
});
