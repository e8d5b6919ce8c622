import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type AutologOptions, autolog, type TensorFlow } from "../../../src/tfjs/index.ts";
import { classifier, flowers, Recording, record } from "../../support/tfjs-training.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

const HOOKED = [
  ...["fit", "fitDataset", "trainOnBatch", "evaluate", "evaluateDataset"].flatMap((method) => [
    [tf.LayersModel.prototype, method] as const,
    [tf.Sequential.prototype, method] as const,
  ]),
  [tf.Optimizer.prototype, "minimize"] as const,
];

const descriptors = () => HOOKED.map(([owner, method]) => Object.getOwnPropertyDescriptor(owner, method));

async function train(): Promise<void> {
  const { x, y } = flowers();
  await classifier().fit(x, y, { epochs: 1, verbose: 0 });
}

describe("autolog", () => {
  it("puts every original back as it was, and can be started again", async () => {
    const recording = new Recording();
    const before = descriptors();
    for (let round = 0; round < 2; round++) {
      const { disable } = autolog(tf);
      for (const [index, now] of descriptors().entries()) {
        expect(now?.value).not.toBe(before[index]?.value);
        expect(now).toEqual({ ...before[index], value: now?.value });
        expect([now?.value.name, now?.value.length]).toEqual([before[index]?.value.name, before[index]?.value.length]);
      }
      const isRestored = disable();
      expect(descriptors()).toEqual(before);
      await isRestored;
    }
    await train();
    expect(await recording.runs()).toEqual([]);
  });

  it("called again changes the options, and hooks in once", async () => {
    const recording = record({ extraTags: { team: "first" } });
    const hooked = descriptors();
    const second = autolog(tf, { extraTags: { team: "second" }, logMetrics: false });
    expect(descriptors()).toEqual(hooked);
    await train();
    const run = await recording.run();
    expect(run.tags.team).toBe("second");
    expect(run.metrics).toEqual({});
    const before = descriptors();
    await second.disable();
    expect(descriptors()).not.toEqual(before);
  });

  it("is disabled by an option as well", async () => {
    const before = descriptors();
    record();
    autolog(tf, { disable: true });
    expect(descriptors()).toEqual(before);
  });

  it("leaves a hook that somebody else has set on top, and does nothing beneath it any more", async () => {
    const recording = new Recording();
    const { disable } = autolog(tf);
    const ours = tf.LayersModel.prototype.fit;
    const calls = vi.fn();
    const theirs = function (this: tf.LayersModel, ...args: Parameters<typeof ours>) {
      calls();
      return ours.apply(this, args);
    };
    tf.LayersModel.prototype.fit = theirs;
    await disable();
    expect(tf.LayersModel.prototype.fit).toBe(theirs);
    await train();
    expect(calls).toHaveBeenCalledTimes(1);
    expect(await recording.runs()).toEqual([]);
    // Our original, from where it is still known.
    const { disable: clean } = autolog(tf);
    await clean();
    tf.LayersModel.prototype.fit = ours;
  });

  it("in two copies of this package is one", async () => {
    const recording = record({ logModels: false });
    const hooked = descriptors();
    vi.resetModules();
    const other = await import("../../../src/tfjs/autolog.ts");
    expect(other.autolog).not.toBe(autolog);
    const { disable } = other.autolog(tf, { everyNBatches: 2, logModels: false });
    onTestFinished(disable);
    expect(descriptors()).toEqual(hooked);
    await train();
    const { id } = await recording.run();
    expect((await recording.history(id, "batch_loss")).steps).toEqual([0]);
  });

  it("takes a namespace as bundlers and other packages make them", async () => {
    const node = { ...tf, node: {}, version: { ...tf.version, "tfjs-node": "4.22.0" } };
    const frozen = Object.freeze({ __proto__: null, ...node });
    const recording = record({}, frozen as unknown as TensorFlow);
    await train();
    expect((await recording.run()).params).toMatchObject({ tfjs_version: "4.22.0", tfjs_node_version: "4.22.0" });
  });

  it("takes classes whose names are gone", async () => {
    const names = [tf.Sequential, tf.LayersModel, tf.AdamOptimizer, tf.EarlyStopping].map((known) => {
      const descriptor = Object.getOwnPropertyDescriptor(known, "name") as PropertyDescriptor;
      Object.defineProperty(known, "name", { value: "e", configurable: true });
      return () => Object.defineProperty(known, "name", descriptor);
    });
    onTestFinished(() => {
      for (const restore of names) restore();
    });
    const recording = record();
    await train();
    expect((await recording.run()).params.optimizer_name).toBe("Adam");
  });

  it("takes a core without layers: then it is loops that are recorded", async () => {
    const { Optimizer, getBackend, version_core } = tf;
    const recording = new Recording();
    const { disable } = autolog({ Optimizer, getBackend, version_core } as TensorFlow);
    const weight = tf.variable(tf.scalar(1));
    tf.train.sgd(0.1).minimize(() => tf.square(weight) as tf.Scalar);
    await disable();
    expect((await recording.run()).params.tfjs_version).toBe(tf.version_core);
  });
});

describe("autolog refuses", () => {
  it.each([undefined, null, {}, "tf", 7])("%s in the place of TensorFlow.js", (given) => {
    expect(() => autolog(given as TensorFlow)).toThrow(/^tf: got .* expected TensorFlow.js/);
  });

  it.each([
    [{ everyBatch: 1 }, /unknown option "everyBatch"/],
    [{ everyNBatches: 0 }, /options.everyNBatches/],
    [{ run: {} }, /options.run: is not a run/],
    [{ client: "mlruns" }, /options.client: is not what connect/],
    [{ confusionMatrix: { label: [] } }, /unknown option "label"/],
    [{ registeredModelName: "" }, /options.registeredModelName/],
  ])("options %j", (options, message) => {
    expect(() => autolog(tf, options as AutologOptions)).toThrow(message);
  });
});
