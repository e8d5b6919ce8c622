import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { withRun } from "../../../src/index.ts";
import { loadModel } from "../../../src/models/index.ts";
import { classifier, flowers, handWritten, record } from "../../support/tfjs-training.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

describe("fit", () => {
  it("records in a run of its own what a hand-written callback sees", async () => {
    const recording = record();
    const { x, y } = flowers();
    const seen = handWritten();
    await classifier().fit(x, y, {
      epochs: 3,
      batchSize: 16,
      validationSplit: 0.2,
      verbose: 0,
      callbacks: seen.callback,
    });
    const run = await recording.run();
    expect(run.status).toBe("FINISHED");
    for (const [name, key] of Object.entries({
      loss: "loss",
      acc: "accuracy",
      val_loss: "val_loss",
      val_acc: "val_accuracy",
    })) {
      expect(await recording.history(run.id, key)).toEqual({
        steps: [0, 1, 2],
        values: seen.epochs.map((logs) => logs[name]),
      });
    }
    for (const [name, key] of Object.entries({ loss: "batch_loss", acc: "batch_accuracy" })) {
      expect(await recording.history(run.id, key)).toEqual({
        steps: [0, 1, 2, 3, 4, 5, 6, 7, 8],
        values: seen.batches.map((logs) => logs[name]),
      });
    }
    expect(recording.warnings).toEqual([]);
  });

  it("records how it was called, what was trained, and where", async () => {
    const recording = record({ extraTags: { team: "vision" } });
    const { x, y } = flowers();
    const optimizer = tf.train.adam(0.01, 0.8);
    await classifier(optimizer).fit(x, y, {
      epochs: 2,
      batchSize: 20,
      validationSplit: 0.5,
      classWeight: { 0: 1, 1: 2, 2: 1 },
      shuffle: false,
      verbose: 0,
    });
    const { params, tags } = await recording.run();
    expect(params).toMatchObject({
      epochs: "2",
      batch_size: "20",
      steps_per_epoch: "2",
      initial_epoch: "0",
      shuffle: "false",
      validation_split: "0.5",
      class_weight: '{"0":1,"1":2,"2":1}',
      optimizer_name: "Adam",
      optimizer_learning_rate: "0.01",
      optimizer_beta_1: "0.8",
      optimizer_beta_2: "0.999",
      optimizer_epsilon: expect.stringMatching(/e-/),
      loss: "categoricalCrossentropy",
      metrics: '["accuracy"]',
      total_params: "67",
      trainable_params: "67",
      non_trainable_params: "0",
      backend: "cpu",
      tfjs_version: tf.version.tfjs,
      runtime: expect.stringMatching(/^node \d+/),
    });
    expect(tags).toMatchObject({ "tidemark.autolog": "tfjs", team: "vision" });
  });

  it("records the cost of every epoch", async () => {
    const recording = record();
    const { x, y } = flowers();
    await classifier(tf.train.sgd(0.25)).fit(x, y, { epochs: 2, verbose: 0 });
    const { id } = await recording.run();
    expect(await recording.history(id, "learning_rate")).toEqual({ steps: [0, 1], values: [0.25, 0.25] });
    for (const key of ["examples_per_second", "epoch_seconds", "tensors", "tensor_bytes"]) {
      const { steps, values } = await recording.history(id, key);
      expect(steps).toEqual([0, 1]);
      for (const value of values) expect(value).toBeGreaterThan(0);
    }
    const [rates, seconds] = await Promise.all([
      recording.history(id, "examples_per_second"),
      recording.history(id, "epoch_seconds"),
    ]);
    expect(rates.values.map((rate, epoch) => Math.round(rate * (seconds.values[epoch] ?? 0)))).toEqual([60, 60]);
  });

  it("goes on counting where the last training of the run has ended", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    await withRun({ experiment: "loops" }, async () => {
      for (let round = 0; round < 3; round++) await model.fit(x, y, { epochs: 1, batchSize: 30, verbose: 0 });
      await model.fit(x, y, { initialEpoch: 5, epochs: 6, batchSize: 30, verbose: 0 });
    });
    const { id, status } = await recording.run();
    expect(status).toBe("FINISHED");
    expect((await recording.history(id, "loss")).steps).toEqual([0, 1, 2, 5]);
    expect((await recording.history(id, "batch_loss")).steps).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("logs every n-th batch where that is asked for, and nothing that is not", async () => {
    const recording = record({
      everyNBatches: 3,
      logParams: false,
      logModels: false,
      logDatasets: false,
    });
    const { x, y } = flowers();
    await classifier().fit(x, y, { epochs: 2, batchSize: 15, verbose: 0 });
    const { id, params, inputs } = await recording.run();
    expect((await recording.history(id, "batch_loss")).steps).toEqual([0, 3, 6]);
    expect(params).toEqual({});
    expect(inputs).toEqual([]);
    expect((await recording.artifacts(id)).sort()).toEqual(["layers.json", "model_summary.txt"]);
  });

  it("without metrics logs none", async () => {
    const recording = record({ logMetrics: false });
    const { x, y } = flowers();
    await classifier().fit(x, y, { epochs: 1, verbose: 0 });
    expect((await recording.run()).metrics).toEqual({});
  });

  it("takes arguments as they may be left out", async () => {
    const recording = record();
    const { x, y } = flowers();
    await classifier().fit(x, y);
    expect((await recording.run()).params).toMatchObject({ epochs: "1", batch_size: "32", steps_per_epoch: "2" });
  });
});

describe("every kind of model", () => {
  it("functional, with two inputs and two outputs by name", async () => {
    const recording = record();
    const left = tf.input({ shape: [2], name: "left" });
    const right = tf.input({ shape: [2], name: "right" });
    const both = tf.layers.concatenate().apply([left, right]) as tf.SymbolicTensor;
    const sum = tf.layers.dense({ units: 1, name: "sum" }).apply(both) as tf.SymbolicTensor;
    const sign = tf.layers.dense({ units: 1, activation: "sigmoid", name: "sign" }).apply(both) as tf.SymbolicTensor;
    const model = tf.model({ inputs: [left, right], outputs: [sum, sign], name: "siamese" });
    model.compile({
      optimizer: "sgd",
      loss: { sum: "meanSquaredError", sign: "binaryCrossentropy" },
      metrics: { sign: "accuracy" },
    });
    const x = { left: tf.ones([8, 2]), right: tf.zeros([8, 2]) };
    const seen = handWritten();
    await model.fit(
      x,
      { sum: tf.ones([8, 1]), sign: tf.ones([8, 1]) },
      { epochs: 2, verbose: 0, callbacks: seen.callback },
    );
    const run = await recording.run();
    expect(await recording.history(run.id, "sign_accuracy")).toEqual({
      steps: [0, 1],
      values: seen.epochs.map(({ sign_acc }) => sign_acc),
    });
    expect(await recording.history(run.id, "batch_sum_loss")).toEqual({
      steps: [0, 1],
      values: seen.batches.map(({ sum_loss }) => sum_loss),
    });
    expect(run.params).toMatchObject({
      model_name: "siamese",
      loss: '{"sum":"meanSquaredError","sign":"binaryCrossentropy"}',
    });
    expect(JSON.parse(run.inputs[0]?.dataset.profile ?? "")).toMatchObject({
      features_shape: { "x.left": [8, 2], "x.right": [8, 2], "y.sum": [8, 1], "y.sign": [8, 1] },
    });
    const logged = await loadModel(await recording.modelDirectory(run.id), { tf });
    expect(logged.signature).toMatchObject({
      inputs: [{ name: "left" }, { name: "right" }],
      outputs: [{ name: "sum" }, { name: "sign" }],
    });
    expect(await logged.inputExample()).toMatchObject({
      left: [
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 1],
      ],
    });
    expect(recording.warnings).toEqual([]);
  });

  it("loaded, with the losses as functions that TensorFlow.js cannot write down", async () => {
    const recording = record();
    const { x, y } = flowers();
    let artifacts: tf.io.ModelArtifacts | undefined;
    await classifier().save(
      tf.io.withSaveHandler(async (saved) => {
        artifacts = saved;
        return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(saved) };
      }),
    );
    const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts as tf.io.ModelArtifacts));
    const distance = (truth: tf.Tensor, guess: tf.Tensor) => tf.mean(tf.abs(tf.sub(truth, guess)));
    model.compile({ optimizer: "sgd", loss: [tf.losses.softmaxCrossEntropy], metrics: [distance] });
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    const run = await recording.run();
    expect(run.params).toMatchObject({ loss: '["softmaxCrossEntropy"]', metrics: '["distance"]' });
    expect(Object.keys(run.metrics)).toContain("distance");
    expect(recording.warnings).toEqual([]);
  });

  it("convolutional, with images", async () => {
    const recording = record();
    const model = tf.sequential();
    model.add(tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 2, kernelSize: 3, activation: "relu" }));
    model.add(tf.layers.flatten());
    model.add(tf.layers.dense({ units: 1 }));
    model.compile({ optimizer: tf.train.momentum(0.01, 0.9, true), loss: tf.losses.meanSquaredError });
    await model.fit(tf.randomUniform([8, 6, 6, 1]), tf.ones([8, 1]), { epochs: 2, verbose: 0 });
    const run = await recording.run();
    expect(run.params).toMatchObject({
      loss: "meanSquaredError",
      optimizer_name: "Momentum",
      optimizer_momentum: "0.9",
      optimizer_nesterov: "true",
    });
    expect((await recording.history(run.id, "loss")).steps).toEqual([0, 1]);
    expect(recording.warnings).toEqual([]);
  });

  it("recurrent, with sequences", async () => {
    const recording = record();
    const model = tf.sequential();
    model.add(tf.layers.lstm({ units: 3, inputShape: [5, 2] }));
    model.add(tf.layers.dense({ units: 1 }));
    model.compile({
      optimizer: "rmsprop",
      loss: "meanAbsoluteError",
      metrics: ["mse"],
    });
    await model.fit(tf.randomUniform([6, 5, 2]), tf.ones([6, 1]), { epochs: 1, verbose: 0 });
    const run = await recording.run();
    expect(Object.keys(run.metrics)).toEqual(expect.arrayContaining(["loss", "mse", "batch_mse"]));
    expect(await recording.json(run.id, "layers.json")).toMatchObject({
      columns: ["name", "type", "output_shape", "params", "trainable"],
      data: [
        [expect.any(String), "LSTM", "[null,3]", 72, true],
        [expect.any(String), "Dense", "[null,1]", 4, true],
      ],
    });
  });

  it("with layers that are frozen", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    (model.layers[0] as tf.layers.Layer).trainable = false;
    model.compile({ optimizer: "sgd", loss: "categoricalCrossentropy" });
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    expect((await recording.run()).params).toMatchObject({
      total_params: "67",
      trainable_params: "27",
      non_trainable_params: "40",
    });
  });
});

describe("fitDataset", () => {
  function* batches(count: number, size: number) {
    for (let batch = 0; batch < count; batch++) yield { xs: tf.ones([size, 4]), ys: tf.ones([size, 3]) };
  }

  it("from a generator", async () => {
    const recording = record();
    const seen = handWritten();
    const dataset = tf.data.generator(() => batches(3, 5));
    await classifier().fitDataset(dataset, { epochs: 2, verbose: 0, callbacks: seen.callback });
    const run = await recording.run();
    expect(await recording.history(run.id, "batch_loss")).toEqual({
      steps: [0, 1, 2, 3, 4, 5],
      values: seen.batches.map(({ loss }) => loss),
    });
    expect((await recording.history(run.id, "accuracy")).values).toEqual(seen.epochs.map(({ acc }) => acc));
    expect(run.params).toMatchObject({ epochs: "2", batch_size: "5" });
    expect(run.params.steps_per_epoch).toBeUndefined();
    expect(run.inputs.map(({ dataset, tags }) => [dataset.name, tags["mlflow.data.context"]])).toEqual([
      ["dataset", "train"],
    ]);
    const logged = await loadModel(await recording.modelDirectory(run.id), { tf });
    const rows = Array.from({ length: 5 }, () => [1, 1, 1, 1]);
    expect(Object.values((await logged.inputExample()) as object)).toEqual([rows]);
    expect(recording.warnings).toEqual([]);
  });

  it("with validation, whose own evaluation is not counted", async () => {
    const recording = record();
    const dataset = tf.data.generator(() => batches(3, 4));
    const { x, y } = flowers();
    const model = classifier();
    await model.fitDataset(dataset, { epochs: 1, verbose: 0, validationData: tf.data.generator(() => batches(1, 4)) });
    await model.fitDataset(dataset, {
      epochs: 1,
      batchesPerEpoch: 2,
      verbose: 0,
      validationData: [x, y],
      validationBatchSize: 30,
    });
    const [first, second] = await recording.runs();
    expect(first?.metrics.val_loss).toBeGreaterThan(0);
    expect(
      Object.keys({ ...first?.metrics, ...second?.metrics }).filter((key) => key.startsWith("validation_")),
    ).toEqual([]);
    expect(second?.params).toMatchObject({ steps_per_epoch: "2", validation_batch_size: "30" });
    expect(second?.inputs.map(({ tags }) => tags["mlflow.data.context"]).sort()).toEqual(["eval", "train"]);
  });
});
