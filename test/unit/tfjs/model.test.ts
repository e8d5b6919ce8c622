import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import { withRun } from "../../../src/index.ts";
import { loadModel, readMlmodel } from "../../../src/models/index.ts";
import { readEventFile } from "../../support/event-file-reader.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { classifier, flowers, record } from "../../support/tfjs-training.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

/** Reads a model back from its files, as plainly as possible. */
async function load(directory: string): Promise<tf.LayersModel> {
  const json = JSON.parse(readFileSync(join(directory, "model.json"), "utf8"));
  const [{ paths, weights }] = json.weightsManifest;
  const bytes = Buffer.concat(paths.map((path: string) => readFileSync(join(directory, path))));
  const weightData = new Uint8Array(bytes).buffer;
  return await tf.loadLayersModel({ load: async () => ({ ...json, weightSpecs: weights, weightData }) });
}

const weightsOf = (model: tf.LayersModel) => model.getWeights().map((weight) => Array.from(weight.dataSync()));

describe("the model that is logged", () => {
  it("is the one that fit leaves, whatever becomes of it later", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    const trained = weightsOf(model);
    model.dispose();
    const { id } = await recording.run();
    const loaded = await load(join(await recording.modelDirectory(id), "tfjs"));
    expect(weightsOf(loaded)).toEqual(trained);
    expect(loaded).toBeInstanceOf(tf.Sequential);
  });

  it("has its weights in files of 4 MiB", async () => {
    const recording = record({ logDatasets: false });
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1_500, inputShape: [1_500], useBias: false })] });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    await model.fit(tf.ones([1, 1_500]), tf.ones([1, 1_500]), { epochs: 1, verbose: 0 });
    const { id } = await recording.run();
    const directory = join(await recording.modelDirectory(id), "tfjs");
    const shards = readdirSync(directory).filter((name) => name.endsWith(".bin"));
    expect(shards.sort().map((name) => [name, statSync(join(directory, name)).size])).toEqual([
      ["group1-shard1of3.bin", 4 << 20],
      ["group1-shard2of3.bin", 4 << 20],
      ["group1-shard3of3.bin", 1_500 * 1_500 * 4 - 2 * (4 << 20)],
    ]);
    const loaded = await load(directory);
    expect(weightsOf(loaded)).toEqual(weightsOf(model));
  });

  it("comes with its signature and the first examples, unless they are not wanted", async () => {
    const recording = record();
    const { x, y } = flowers();
    await classifier().fit(x, y, { epochs: 1, verbose: 0 });
    const { id } = await recording.run();
    const spec = (shape: number[]) => ({
      name: expect.any(String),
      type: "tensor",
      "tensor-spec": { dtype: "float32", shape },
    });
    const model = await loadModel(await recording.modelDirectory(id), { tf });
    expect(model.signature).toEqual({ inputs: [spec([-1, 4])], outputs: [spec([-1, 3])] });
    const rows = (x.arraySync() as number[][]).slice(0, 5);
    expect(Object.values((await model.inputExample()) as object)).toEqual([rows]);

    const bare = record({ logModelSignatures: false, logInputExamples: false });
    await classifier().fit(x, y, { epochs: 1, verbose: 0 });
    const other = await loadModel(await bare.modelDirectory((await bare.run()).id), { tf });
    expect(other.signature).toBeUndefined();
    expect(await other.inputExample()).toBeUndefined();
  });

  it("answers in ONNX Runtime what it answers here, and has the run's params and last metrics", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    await model.fit(x, y, { epochs: 2, verbose: 0 });
    const { id, params, metrics } = await recording.run();
    const [logged] = await recording.models(id);
    expect(logged).toMatchObject({ name: "model", status: "READY", sourceRunId: id, params });
    expect(Object.fromEntries(logged?.metrics.map(({ key, value }) => [key, value]) ?? [])).toEqual(metrics);
    const loaded = await loadModel(`runs:/${id}/model`, { client: recording.client, ort });
    expect(loaded.flavor).toBe("onnx");
    const answer = (await loaded.predict(x)) as { data: Float32Array };
    const expected = (model.predict(x) as tf.Tensor).dataSync();
    expect(
      Math.max(...expected.map((value, index) => Math.abs(value - (answer.data[index] ?? Number.NaN)))),
    ).toBeLessThan(1e-5);
    expect(loaded.metadata["tidemark.onnxDifference"]).toBeLessThan(1e-5);
    await loaded.close();
  });

  it("with a layer that has no ONNX form is logged all the same, and that is said", async () => {
    class Doubled extends tf.layers.Layer {
      static className = "Doubled";
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return tf.mul([inputs].flat()[0] as tf.Tensor, 2);
      }
    }
    const recording = record();
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] }), new Doubled({})] });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    await model.fit(tf.ones([2, 2]), tf.ones([2, 1]), { epochs: 1, verbose: 0 });
    const { flavors } = readMlmodel(await recording.modelDirectory((await recording.run()).id));
    expect(Object.keys(flavors)).toEqual(["tfjs"]);
    expect(recording.warnings.join()).toMatch(/no python_function.*Doubled/);
  });

  it("becomes the next version of a registered model", async () => {
    const recording = record({ registeredModelName: "flowers" });
    const { x, y } = flowers();
    for (let round = 0; round < 2; round++) await classifier().fit(x, y, { epochs: 1, verbose: 0 });
    const runs = await recording.runs();
    for (const [index, run] of runs.entries()) {
      const { runId, source } = await recording.client.registry.getVersion({ name: "flowers", version: index + 1 });
      expect(runId).toBe(run.id);
      expect(source).toBe(`models:/${run.modelOutputs[0]?.modelId}`);
    }
    expect(recording.warnings).toEqual([]);
  });

  it("is registered where its run is, not where others go by default", async () => {
    const recording = record({ registeredModelName: "flowers" });
    const { x, y } = flowers();
    await withRun({}, () => classifier().fit(x, y, { epochs: 1, verbose: 0 }));
    expect((await recording.client.registry.getVersion({ name: "flowers", version: 1 })).runId).toBe(
      (await recording.run()).id,
    );
  });
});

describe("the datasets", () => {
  it("are training and validation data, with digest and shapes", async () => {
    const recording = record();
    const { x, y } = flowers();
    const half = tf.slice(x, [0, 0], [30, 4]);
    const halfLabels = tf.slice(y, [0, 0], [30, 3]);
    for (let round = 0; round < 2; round++) {
      await classifier().fit(x, y, { epochs: 1, verbose: 0, validationData: [half, halfLabels] });
    }
    const inputs = (await recording.runs()).map((run) =>
      Object.fromEntries(run.inputs.map(({ dataset, tags }) => [tags["mlflow.data.context"], dataset])),
    );
    expect(inputs[0]).toEqual(inputs[1]);
    expect(JSON.parse(inputs[0]?.train?.profile ?? "").features_shape).toEqual({ x: [60, 4], y: [60, 3] });
    expect(JSON.parse(inputs[0]?.eval?.profile ?? "").features_shape).toEqual({ x: [30, 4], y: [30, 3] });
    expect(inputs[0]?.train?.digest).not.toBe(inputs[0]?.eval?.digest);
  });

  it("are sampled where they are big: what is sampled counts, and the shape", async () => {
    const recording = record({ logModels: false });
    const values = new Float32Array(5_000_000);
    const digests = [];
    const inputs: [Float32Array, [number, number]][] = [
      [values, [1_000, 5_000]],
      [values.slice(), [1_000, 5_000]],
      [Float32Array.from(values, (value, index) => (index === 4_999_999 ? 1 : value)), [1_000, 5_000]],
      [values, [5_000, 1_000]],
    ];
    for (const [data, shape] of inputs) {
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [shape[1]] })] });
      model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
      const x = tf.tensor2d(data, shape);
      await model.fit(x, tf.ones([shape[0], 1]), { epochs: 1, batchSize: shape[0], verbose: 0 });
      x.dispose();
    }
    for (const run of await recording.runs()) digests.push(run.inputs[0]?.dataset.digest);
    const [first, second, third, fourth] = digests;
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).toBe(first);
    expect(new Set([first, third, fourth]).size).toBe(3);
    const profile = JSON.parse((await recording.runs())[0]?.inputs[0]?.dataset.profile ?? "");
    expect(profile.features_shape).toEqual({ x: [1_000, 5_000], y: [1_000, 1] });
  });
});

describe("the confusion matrix", () => {
  it("counts what was taken for what in the validation data", async () => {
    const recording = record({ confusionMatrix: { labels: ["setosa", "versicolor", "virginica"] } });
    const { x, y, classes } = flowers();
    const model = classifier();
    await model.fit(tf.zeros([6, 4]), tf.ones([6, 3]), { epochs: 1, verbose: 0, validationData: [x, y] });
    const taken = Array.from((model.predict(x) as tf.Tensor).argMax(-1).dataSync());
    const counts = [0, 1, 2].map((row) =>
      [0, 1, 2].map((column) => taken.filter((guess, index) => guess === column && classes[index] === row).length),
    );
    const { id } = await recording.run();
    expect(await recording.json(id, "confusion_matrix.json")).toEqual({
      labels: ["setosa", "versicolor", "virginica"],
      counts,
    });
  });

  it("of two classes and one output, of as many examples as are allowed", async () => {
    const recording = record({ confusionMatrix: { maxExamples: 3 } });
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 1, inputShape: [1], activation: "sigmoid", kernelInitializer: "ones" })],
    });
    model.compile({ optimizer: tf.train.sgd(0), loss: "binaryCrossentropy" });
    await model.fit(tf.tensor2d([[5], [-5], [5], [5]]), tf.tensor2d([[1], [0], [0], [0]]), { epochs: 1, verbose: 0 });
    const { id } = await recording.run();
    expect(await recording.json(id, "confusion_matrix.json")).toEqual({
      labels: ["0", "1"],
      counts: [
        [1, 1],
        [0, 1],
      ],
    });
  });

  it("is none where there are no classes, and the training ends well", async () => {
    const recording = record({ confusionMatrix: true });
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    await model.fit(tf.ones([2, 1]), tf.tensor2d([[17.5], [3]]), { epochs: 1, verbose: 0 });
    expect((await recording.run()).status).toBe("FINISHED");
    expect(recording.warnings.join()).toContain("confusion matrix");
  });
});

it("TensorBoard's events are written where that is asked for, a folder for each run", async () => {
  const directory = temporaryDirectory();
  const recording = record({ tensorboardDir: directory });
  const { x, y } = flowers();
  await classifier().fit(x, y, { epochs: 2, batchSize: 30, verbose: 0 });
  const { name } = await recording.run();
  const [file = "", ...others] = readdirSync(join(directory, name));
  expect(others).toEqual([]);
  const scalars = readEventFile(readFileSync(join(directory, name, file))).flatMap(({ step, scalars }) =>
    scalars.map(({ tag }) => ({ tag, step })),
  );
  expect(scalars.filter(({ tag }) => tag === "batch_loss").map(({ step }) => step)).toEqual([0n, 1n, 2n, 3n]);
  expect(scalars.map(({ tag }) => tag)).toEqual(expect.arrayContaining(["loss", "accuracy", "learning_rate"]));
});
