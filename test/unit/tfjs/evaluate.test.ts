import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { withRun } from "../../../src/index.ts";
import { classifier, flowers, type Recording, record } from "../../support/tfjs-training.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

const numbers = (scalars: tf.Scalar | tf.Scalar[]) => [scalars].flat().map((scalar) => scalar.dataSync()[0] as number);

/** What is logged without anybody to wait for it. */
const evaluated = (recording: Recording, count = 1) =>
  vi.waitFor(async () => {
    const run = await recording.run();
    const history = await recording.history(run.id, "validation_loss");
    expect(history.values).toHaveLength(count);
    expect(run.status).toBe("FINISHED");
    return { run, history };
  });

describe("an evaluation goes", () => {
  it("into the active run, a step for each", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    const losses = await withRun({}, async () => {
      const first = numbers(model.evaluate(x, y));
      await model.fit(x, y, { epochs: 1, verbose: 0 });
      return [first[0], numbers(model.evaluate(x, y))[0]];
    });
    const { run, history } = await evaluated(recording, 2);
    expect(history).toEqual({ steps: [0, 1], values: losses });
    expect(run.metrics.validation_accuracy).toBeGreaterThanOrEqual(0);
  });

  it("into the run the model was trained in, although that has ended", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    const [loss, accuracy] = numbers(model.evaluate(x, y));
    const { run, history } = await evaluated(recording);
    expect(history).toEqual({ steps: [0], values: [loss] });
    expect(run.metrics.validation_accuracy).toBe(accuracy);
  });

  it("into a run of its own for a model that was never trained here", async () => {
    const recording = record();
    const { x, y } = flowers();
    const [loss] = numbers(classifier().evaluate(x, y));
    expect((await evaluated(recording)).history.values).toEqual([loss]);
  });

  it("from a dataset as well, and is not counted twice", async () => {
    const recording = record();
    const { x, y } = flowers();
    const dataset = tf.data.array([{ xs: x, ys: y }]) as unknown as tf.data.Dataset<tf.TensorContainerObject>;
    const losses = await withRun({}, async () => numbers(await classifier().evaluateDataset(dataset, {})));
    expect((await evaluated(recording)).history).toEqual({ steps: [0], values: [losses[0]] });
  });

  it("with one loss and nothing else", async () => {
    const recording = record();
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
    model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
    const [loss] = numbers(model.evaluate(tf.ones([3, 2]), tf.ones([3, 1])));
    const { run, history } = await evaluated(recording);
    expect(history.values).toEqual([loss]);
    expect(Object.keys(run.metrics)).toEqual(["validation_loss"]);
  });
});

it("an evaluation that throws does so as without autolog, and nothing is recorded", async () => {
  const recording = record();
  expect(() => classifier().evaluate(tf.ones([2, 9]), tf.ones([2, 3]))).toThrow("shape");
  expect(await recording.runs()).toEqual([]);
});
