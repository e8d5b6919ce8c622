import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import * as core from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { withRun } from "../../../src/index.ts";
import { loadModel } from "../../../src/models/index.ts";
import { classifier, flowers, handWritten, record } from "../../support/tfjs-training.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});
afterEach(() => tf.setBackend("cpu"));

describe("on a device whose values have to be waited for", () => {
  // The values of this one are at hand: but nobody reads them so.
  const distant = { ...tf, getBackend: () => "webgl" };
  const refuseSync = () => {
    const { dataSync } = tf.Tensor.prototype;
    tf.Tensor.prototype.dataSync = () => {
      throw new Error("blocks the device");
    };
    return () => {
      tf.Tensor.prototype.dataSync = dataSync;
    };
  };

  it("fit is recorded, although TensorFlow.js disposes what it tells", async () => {
    const recording = record({ logModels: false, logDatasets: false }, distant);
    const { x, y } = flowers();
    const model = classifier();
    const restore = refuseSync();
    const before = tf.memory().numTensors;
    try {
      await model.fit(x, y, { epochs: 2, batchSize: 30, verbose: 0 });
    } finally {
      restore();
    }
    const run = await recording.run();
    // Adam's moments.
    expect(tf.memory().numTensors - before).toBe(8);
    expect((await recording.history(run.id, "batch_loss")).steps).toEqual([0, 1, 2, 3]);
    expect((await recording.history(run.id, "accuracy")).steps).toEqual([0, 1]);
    expect(run.params.backend).toBe("webgl");
    expect(recording.warnings).toEqual([]);
  });

  it("so are loops and evaluations", async () => {
    const recording = record({}, distant);
    const weight = tf.variable(tf.scalar(2));
    const { x, y } = flowers();
    const model = classifier();
    const restore = refuseSync();
    try {
      await withRun({}, async (run) => {
        const optimizer = tf.train.sgd(0);
        for (let step = 0; step < 3; step++) optimizer.minimize(() => tf.square(weight) as tf.Scalar);
        for (const scalar of model.evaluate(x, y) as tf.Scalar[]) scalar.dispose();
        await new Promise((resolve) => setTimeout(resolve));
        await run.flush();
      });
    } finally {
      restore();
    }
    const run = await recording.run();
    expect(await recording.history(run.id, "batch_loss")).toEqual({ steps: [0, 1, 2], values: [4, 4, 4] });
    expect(run.metrics.validation_loss).toBeGreaterThan(0);
  });
});

describe("on wasm", () => {
  it("a recurrent network is recorded as on cpu", async () => {
    await tf.setBackend("wasm");
    const recording = record();
    const model = tf.sequential({
      layers: [tf.layers.gru({ units: 2, inputShape: [3, 2] }), tf.layers.dense({ units: 1 })],
    });
    model.compile({ optimizer: "adam", loss: "meanSquaredError" });
    const seen = handWritten();
    await model.fit(tf.ones([4, 3, 2]), tf.ones([4, 1]), { epochs: 2, verbose: 0, callbacks: seen.callback });
    const run = await recording.run();
    expect(run.params.backend).toBe("wasm");
    expect((await recording.history(run.id, "loss")).values).toEqual(seen.epochs.map(({ loss }) => loss));
    const logged = await loadModel(await recording.modelDirectory(run.id), { tf });
    const rows = Array.from({ length: 4 }, () => Array.from({ length: 3 }, () => [1, 1]));
    expect(Object.values((await logged.inputExample()) as object)).toEqual([rows]);
    expect(recording.warnings).toEqual([]);
  });

  it("a convolution, which it cannot train, is a run that failed", async () => {
    await tf.setBackend("wasm");
    const recording = record();
    const model = tf.sequential({
      layers: [
        tf.layers.conv1d({ filters: 1, kernelSize: 2, inputShape: [3, 1] }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 1 }),
      ],
    });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    await expect(model.fit(tf.ones([2, 3, 1]), tf.ones([2, 1]), { epochs: 1, verbose: 0 })).rejects.toThrow(
      "not registered",
    );
    const run = await recording.run();
    expect(run.status).toBe("FAILED");
    expect(run.tags["tidemark.error"]).toContain("Conv2DBackpropFilter");
  });
});

it("the packages TensorFlow.js is made of are as good as the whole", async () => {
  const recording = record({}, { ...core, ...layers });
  const { x, y } = flowers();
  await classifier().fit(x, y, { epochs: 1, verbose: 0 });
  const run = await recording.run();
  expect(run.params.tfjs_version).toBe(core.version_core);
  expect(recording.warnings).toEqual([]);
});
