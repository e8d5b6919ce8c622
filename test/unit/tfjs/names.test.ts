import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { metricName, optimizerParamName, RECORDED_NAMES } from "../../../src/tfjs/names.ts";
import { autologOptionsSchema } from "../../../src/tfjs/options.ts";
import { repository } from "../../support/repository.ts";
import { classifier, flowers, record } from "../../support/tfjs-training.ts";

const page = readFileSync(join(repository, "docs/guide/autolog.md"), "utf8");

it("the guide has the table of everything that is recorded", () => {
  for (const { kind, name, meaning } of RECORDED_NAMES)
    expect(page).toContain(`| ${kind} | \`${name}\` | ${meaning} |`);
  const rows = page.match(/^\| (param|metric|tag|artifact|model|dataset) \|/gm) ?? [];
  expect(rows).toHaveLength(RECORDED_NAMES.length);
});

it("the guide has every option with its default", () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual(Object.keys(autologOptionsSchema.shape).sort());
});

describe("Keras's names", () => {
  it.each([
    ["loss", "loss"],
    ["acc", "accuracy"],
    ["val_acc", "val_accuracy"],
    ["acc_1", "accuracy_1"],
    ["dense_Dense1_acc", "dense_Dense1_accuracy"],
    ["val_dense_Dense1_acc", "val_dense_Dense1_accuracy"],
    ["meanSquaredError", "mean_squared_error"],
    ["val_MSE", "val_mse"],
    ["accelerator", "accelerator"],
    ["myOwnMetric", "myOwnMetric"],
    ["mean(x)", "mean_x_"],
    ["", "_"],
  ])("%j is %j", (label, name) => {
    expect(metricName(label)).toBe(name);
  });

  it.each([
    ["learningRate", "optimizer_learning_rate"],
    ["beta1", "optimizer_beta_1"],
    ["useNesterov", "optimizer_nesterov"],
    ["initialAccumulatorValue", "optimizer_initial_accumulator_value"],
    ["rho", "optimizer_rho"],
  ])("of an optimizer's %j is %j", (key, name) => {
    expect(optimizerParamName(key)).toBe(name);
  });
});

describe("what a training leaves behind", () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend("cpu");
  });

  it("has names of the table only, and all of them that can be", async () => {
    const recording = record({ confusionMatrix: true });
    const { x, y } = flowers();
    // One that never learns is stopped.
    const model = classifier(tf.train.sgd(0));
    const stopping = tf.callbacks.earlyStopping({ monitor: "val_loss", patience: 1, baseline: 5 });
    await model.fit(x, y, {
      epochs: 5,
      verbose: 0,
      validationData: [tf.slice(x, 0, 30), tf.slice(y, 0, 30)],
      classWeight: { 0: 2, 1: 1, 2: 1 },
      callbacks: [stopping],
    });
    const run = await recording.run();
    const left = {
      param: Object.keys(run.params),
      metric: Object.keys(run.metrics),
      artifact: await recording.artifacts(run.id),
      model: (await recording.models(run.id)).map(({ name }) => name),
      dataset: run.inputs.map(({ tags }) => tags["mlflow.data.context"] ?? ""),
      tag: Object.keys(run.tags).filter((key) => /^tidemark\.(autolog|stoppedEarly|error)$/.test(key)),
    };
    for (const [kind, names] of Object.entries(left)) {
      const known = RECORDED_NAMES.filter((recorded) => recorded.kind === kind).map(({ name }) => asPattern(name));
      for (const name of names)
        expect(
          known.some((pattern) => pattern.test(name)),
          `${kind} ${name}`,
        ).toBe(true);
    }
    const missing = RECORDED_NAMES.filter(({ kind, name }) => !left[kind].some((other) => asPattern(name).test(other)));
    expect(missing.map(({ name }) => name)).toEqual([
      // Of fitDataset, of tfjs-node, of evaluate, of a training that throws.
      ...["validation_batch_size", "validation_steps", "tfjs_node_version"],
      ...["validation_loss", "validation_<metric>", "tidemark.error"],
    ]);
  });
});

/** `<metric>` alone would be any name. */
const asPattern = (name: string) =>
  new RegExp(`^${name.replace("<metric>", "(accuracy)").replace(/<\w+>/g, "\\w+").replaceAll(".", "\\.")}$`);
