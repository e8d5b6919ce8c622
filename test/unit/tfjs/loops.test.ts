import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { registerBackend } from "../../../src/connect/backends.ts";
import { defaultClient } from "../../../src/fluent/configure.ts";
import { configure, withRun } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/memory-backend.ts";
import { autolog } from "../../../src/tfjs/index.ts";
import { Client } from "../../../src/tracking/client.ts";
import { classifier, flowers, Recording, record } from "../../support/tfjs-training.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

/** Brings a number to zero; answers the loss of now. */
function descent(): { weight: tf.Variable; loss: () => tf.Scalar } {
  const weight = tf.variable(tf.scalar(3));
  return { weight, loss: () => tf.square(weight) as tf.Scalar };
}

describe("a loop over minimize", () => {
  it("is a run from its first step to the end of autolog", async () => {
    const recording = new Recording();
    const { disable } = autolog(tf);
    const { loss } = descent();
    const optimizer = tf.train.sgd(0.1);
    const seen: number[] = [];
    for (let step = 0; step < 5; step++) {
      const cost = optimizer.minimize(loss, true);
      seen.push(cost?.dataSync()[0] as number);
      cost?.dispose();
    }
    expect((await recording.run()).status).toBe("RUNNING");
    await disable();
    const run = await recording.run();
    expect(run.status).toBe("FINISHED");
    expect(await recording.history(run.id, "batch_loss")).toEqual({ steps: [0, 1, 2, 3, 4], values: seen });
    expect(run.params).toMatchObject({ optimizer_name: "SGD", optimizer_learning_rate: "0.1", backend: "cpu" });
    expect(run.tags["tidemark.autolog"]).toBe("tfjs");
  });

  it("answers what it would, and leaks nothing: the cost, or null; also in tidy", async () => {
    record();
    const { weight, loss } = descent();
    const optimizer = tf.train.sgd(0.1);
    expect(optimizer.minimize(loss)).toBeNull();
    const before = tf.memory().numTensors;
    expect(optimizer.minimize(loss, false, [weight])).toBeNull();
    tf.tidy(() => void optimizer.minimize(loss, true));
    const cost = optimizer.minimize(loss, true, [weight]);
    expect(cost?.shape).toEqual([]);
    cost?.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("throws what the loss throws", async () => {
    record();
    const optimizer = tf.train.sgd(0.1);
    expect(() =>
      optimizer.minimize(() => {
        throw new Error("no loss");
      }),
    ).toThrow("no loss");
  });

  it("says when the learning rate changes", async () => {
    const recording = record();
    const { loss } = descent();
    const optimizer = tf.train.sgd(0.1) as tf.SGDOptimizer;
    await withRun({}, async () => {
      for (let step = 0; step < 6; step++) {
        if (step === 4) optimizer.setLearningRate(0.5);
        optimizer.minimize(loss);
      }
    });
    const { id } = await recording.run();
    expect(await recording.history(id, "learning_rate")).toEqual({ steps: [0, 4], values: [0.1, 0.5] });
    optimizer.dispose();
  });

  it("logs every n-th batch where that is asked for", async () => {
    const recording = record({ everyNBatches: 2 });
    const { loss } = descent();
    const optimizer = tf.train.sgd(0.1);
    await withRun({}, async () => {
      for (let step = 0; step < 5; step++) optimizer.minimize(loss);
    });
    const { id } = await recording.run();
    expect((await recording.history(id, "batch_loss")).steps).toEqual([0, 2, 4]);
  });

  it("is a run for each optimizer", async () => {
    const recording = new Recording();
    const { disable } = autolog(tf);
    const { loss } = descent();
    const optimizers = [tf.train.sgd(0.1), tf.train.adam(0.1)];
    for (let step = 0; step < 3; step++) for (const optimizer of optimizers) optimizer.minimize(loss);
    await disable();
    const runs = await recording.runs();
    expect(runs.map(({ params }) => params.optimizer_name).sort()).toEqual(["Adam", "SGD"]);
    for (const { id } of runs) expect((await recording.history(id, "batch_loss")).steps).toEqual([0, 1, 2]);
  });

  it("goes on in another run when the one it was in has ended", async () => {
    const recording = record();
    const { loss } = descent();
    const optimizer = tf.train.sgd(0.1);
    for (let fold = 0; fold < 2; fold++) {
      await withRun({ name: `fold ${fold}` }, async () => {
        for (let step = 0; step < 2; step++) optimizer.minimize(loss);
      });
    }
    const runs = await recording.runs();
    expect(runs.map(({ name }) => name).sort()).toEqual(["fold 0", "fold 1"]);
    for (const { id } of runs) expect((await recording.history(id, "batch_loss")).steps).toEqual([0, 1]);
  });

  it("is recorded from the step on at which its backend is there", async () => {
    record();
    const backend = memoryBackend();
    registerBackend("later", async () => backend);
    configure({ trackingUri: "later://anywhere" });
    const { loss } = descent();
    const optimizer = tf.train.sgd(0.1);
    optimizer.minimize(loss);
    await defaultClient();
    optimizer.minimize(loss);
    const { items } = await new Client(backend).runs.search({ experimentIds: ["0"] }).page();
    expect(items).toHaveLength(1);
  });
});

describe("a loop over trainOnBatch", () => {
  it("of a Sequential counts each batch once, and none of its optimizer's", async () => {
    const recording = new Recording();
    const { disable } = autolog(tf);
    const { x, y } = flowers();
    const model = classifier();
    const seen: number[][] = [];
    for (let batch = 0; batch < 3; batch++) seen.push((await model.trainOnBatch(x, y)) as number[]);
    await disable();
    const run = await recording.run();
    expect(run.status).toBe("FINISHED");
    expect(await recording.history(run.id, "batch_loss")).toEqual({
      steps: [0, 1, 2],
      values: seen.map(([loss]) => loss),
    });
    expect((await recording.history(run.id, "batch_accuracy")).values).toEqual(seen.map(([, accuracy]) => accuracy));
    expect(run.params).toMatchObject({ optimizer_name: "Adam", total_params: "67", loss: "categoricalCrossentropy" });
    expect((await recording.artifacts(run.id)).sort()).toEqual(["layers.json", "model_summary.txt"]);
  });

  it("of two models in one run: the second is a child", async () => {
    const recording = record();
    const { x, y } = flowers();
    const [generator, discriminator] = [classifier(), classifier("sgd")];
    const id = await withRun({}, async (run) => {
      for (let batch = 0; batch < 2; batch++) {
        await generator.trainOnBatch(x, y);
        await discriminator.trainOnBatch(x, y);
      }
      return run.id;
    });
    const runs = await recording.runs();
    expect(runs).toHaveLength(2);
    for (const run of runs) {
      expect(run.tags["mlflow.parentRunId"]).toBe(run.id === id ? undefined : id);
      if (run.id === id) expect((await recording.history(run.id, "batch_loss")).steps).toEqual([0, 1]);
    }
  });

  it("without waiting in between counts all", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    await withRun({}, async () => {
      await Promise.all([model.trainOnBatch(x, y), model.trainOnBatch(x, y)]);
    });
    const { id } = await recording.run();
    expect((await recording.history(id, "batch_loss")).steps).toEqual([0, 1]);
  });

  it("throws what TensorFlow.js throws", async () => {
    record();
    await expect(classifier().trainOnBatch(tf.ones([2, 9]), tf.ones([2, 3]))).rejects.toThrow("shape");
  });
});
