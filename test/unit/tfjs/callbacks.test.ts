import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { activeRun } from "../../../src/index.ts";
import { classifier, flowers, record } from "../../support/tfjs-training.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

const quiet = { epochs: 2, batchSize: 30, verbose: 0 } as const;

class Counting extends tf.Callback {
  batches = 0;
  override async onBatchEnd(): Promise<void> {
    this.batches++;
  }
}

/** Every form TensorFlow.js takes, and two that crash it. `count` stands for what a person does in a callback. */
const forms: Record<string, (count: () => void) => unknown> = {
  none: (count) => {
    count();
    return undefined;
  },
  "a plain object": (count) => ({ onTrainEnd: count }),
  "an object of a class": (count) => new tf.CustomCallback({ onTrainEnd: async () => count() }, "auto"),
  "a list of plain objects": (count) => [{ onTrainEnd: count }, { onEpochEnd: () => {} }],
  "a list of objects of classes": (count) => [
    tf.callbacks.earlyStopping({ monitor: "loss", patience: 9 }),
    new tf.CustomCallback({ onTrainEnd: async () => count() }, "auto"),
  ],
  "a class, then a plain object": (count) => [
    tf.callbacks.earlyStopping({ monitor: "loss", patience: 9 }),
    { onTrainEnd: count },
  ],
  "a plain object, then a class": (count) => [
    { onTrainEnd: count },
    tf.callbacks.earlyStopping({ monitor: "loss", patience: 9 }),
  ],
  "an empty list": (count) => {
    count();
    return [];
  },
};

describe("callbacks given as", () => {
  it.each(Object.entries(forms))("%s", async (_name, form) => {
    const recording = record();
    const count = vi.fn();
    const { x, y } = flowers();
    const callbacks = form(count) as tf.CustomCallbackArgs;
    await classifier().fit(x, y, { ...quiet, callbacks });
    expect(count).toHaveBeenCalledTimes(1);
    const { id } = await recording.run();
    expect((await recording.history(id, "batch_loss")).steps).toEqual([0, 1, 2, 3]);
    expect((await recording.history(id, "loss")).steps).toEqual([0, 1]);
    expect(recording.warnings).toEqual([]);
  });

  it("an object of a class of the user's own", async () => {
    const recording = record();
    const counting = new Counting();
    const { x, y } = flowers();
    const list = [counting];
    await classifier().fit(x, y, { ...quiet, callbacks: list });
    expect(counting.batches).toBe(4);
    // Nobody's list has changed.
    expect(list).toEqual([counting]);
    expect((await recording.history((await recording.run()).id, "batch_loss")).values).toHaveLength(4);
  });

  it("a mixture works although no metrics are wanted", async () => {
    record({ logMetrics: false });
    const { x, y } = flowers();
    const onEpochEnd = vi.fn();
    const callbacks = [tf.callbacks.earlyStopping({ monitor: "loss", patience: 9 }), { onEpochEnd }];
    await classifier().fit(x, y, { ...quiet, callbacks: callbacks as tf.CustomCallbackArgs[] });
    expect(onEpochEnd).toHaveBeenCalledTimes(2);
  });

  it("the user's arguments stay as they are", async () => {
    record();
    const { x, y } = flowers();
    const given = Object.freeze({ ...quiet, callbacks: Object.freeze([]) as unknown as tf.CustomCallbackArgs[] });
    await classifier().fit(x, y, given);
    expect(given.callbacks).toEqual([]);
  });

  it("something that is none: the error is TensorFlow.js's own", async () => {
    const recording = record();
    const { x, y } = flowers();
    const callbacks = [null] as unknown as tf.CustomCallbackArgs[];
    await expect(classifier().fit(x, y, { ...quiet, callbacks })).rejects.toThrow(TypeError);
    expect((await recording.run()).status).toBe("FAILED");
  });
});

describe("inside a callback", () => {
  it("the active run is that of the training", async () => {
    const recording = record();
    const { x, y } = flowers();
    const onEpochEnd = (epoch: number) => activeRun()?.logMetric("mine", 10 * epoch);
    await classifier().fit(x, y, { ...quiet, callbacks: { onEpochEnd } });
    expect(activeRun()).toBeUndefined();
    const { id } = await recording.run();
    expect((await recording.history(id, "mine")).values).toEqual([0, 10]);
  });

  it("an evaluation goes into the run of the training", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    const losses: number[] = [];
    const onEpochEnd = () => {
      const [loss] = model.evaluate(x, y) as tf.Scalar[];
      losses.push(loss?.dataSync()[0] as number);
    };
    await model.fit(x, y, { ...quiet, callbacks: { onEpochEnd } });
    const { id } = await recording.run();
    expect(await recording.history(id, "validation_loss")).toEqual({ steps: [0, 1], values: losses });
  });
});

describe("a training that is stopped", () => {
  it("by early stopping says by which, when, and what was best", async () => {
    const recording = record();
    const { x, y } = flowers();
    const callbacks = tf.callbacks.earlyStopping({ monitor: "val_loss", patience: 2, minDelta: 100 });
    const { history } = await classifier().fit(x, y, { ...quiet, epochs: 50, validationData: [x, y], callbacks });
    const run = await recording.run();
    expect(history.loss).toHaveLength(3);
    expect(run).toMatchObject({ status: "FINISHED" });
    expect(run.params).toMatchObject({
      monitor: "val_loss",
      patience: "2",
      min_delta: "100",
      restore_best_weights: "false",
    });
    expect(run.tags["tidemark.stoppedEarly"]).toBe("EarlyStopping");
    expect(run.metrics).toMatchObject({ stopped_epoch: 2, best_epoch: 0, best_value: history.val_loss?.[0] });
  });

  it("by early stopping compares with a baseline", async () => {
    const recording = record();
    const { x, y } = flowers();
    const callbacks = tf.callbacks.earlyStopping({ monitor: "loss", patience: 1, baseline: 0.001 });
    await classifier().fit(x, y, { ...quiet, epochs: 50, callbacks });
    const run = await recording.run();
    expect(run.params.baseline).toBe("0.001");
    // The baseline itself was the best, and no epoch had it.
    expect(run.metrics).toMatchObject({ stopped_epoch: 0, best_value: 0.001 });
    expect(run.metrics.best_epoch).toBeUndefined();
  });

  it("in the middle of an epoch, by hand", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    const onBatchEnd = (batch: number) => {
      if (batch === 1) model.stopTraining = true;
    };
    await model.fit(x, y, { epochs: 5, batchSize: 10, verbose: 0, callbacks: { onBatchEnd } });
    const run = await recording.run();
    expect(run.tags["tidemark.stoppedEarly"]).toBe("stopTraining");
    expect(run.metrics.stopped_epoch).toBe(0);
    expect((await recording.history(run.id, "batch_loss")).steps).toEqual([0, 1]);
    expect((await recording.history(run.id, "loss")).steps).toEqual([0]);
  });

  it("not at all says nothing of it", async () => {
    const recording = record();
    const { x, y } = flowers();
    const callbacks = tf.callbacks.earlyStopping({ monitor: "loss", patience: 9 });
    const { history } = await classifier().fit(x, y, { ...quiet, callbacks });
    const run = await recording.run();
    expect(run.tags["tidemark.stoppedEarly"]).toBeUndefined();
    expect(run.metrics.stopped_epoch).toBeUndefined();
    expect(run.metrics).toMatchObject({ best_epoch: 1, best_value: history.loss?.[1] });
  });
});
