import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { registerBackend } from "../../../src/connect/backends.ts";
import { activeRun, configure, startRun, withRun } from "../../../src/index.ts";
import { memoryBackend } from "../../../src/memory/memory-backend.ts";
import { Client } from "../../../src/tracking/client.ts";
import { classifier, flowers, record } from "../../support/tfjs-training.ts";

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

const quick = { epochs: 1, batchSize: 30, verbose: 0 } as const;

function train(callbacks?: tf.CustomCallbackArgs): Promise<tf.History> {
  const { x, y } = flowers();
  return classifier().fit(x, y, callbacks === undefined ? quick : { ...quick, callbacks });
}

describe("a training goes", () => {
  it("into the active run, which stays open", async () => {
    const recording = record();
    const run = await startRun({ experiment: "mine" });
    await train();
    expect(run.status).toBe("RUNNING");
    expect(activeRun()).toBe(run);
    run.logMetric("after", 1);
    await run.end();
    const { id, metrics } = await recording.run();
    expect(id).toBe(run.id);
    expect(metrics).toMatchObject({ after: 1, loss: expect.any(Number) });
  });

  it("into the run that the options name", async () => {
    const client = new Client(memoryBackend());
    const run = await startRun({ client });
    const recording = record({ run });
    await withRun({}, () => train());
    await run.end();
    expect((await client.runs.get(run.id)).metrics.loss).toBeGreaterThan(0);
    expect((await recording.run()).metrics).toEqual({});
  });

  it("nowhere, where that run has ended; the training goes on", async () => {
    const client = new Client(memoryBackend());
    const run = await startRun({ client });
    await run.end();
    const recording = record({ run });
    expect((await train()).history.loss).toHaveLength(1);
    expect(recording.warnings.join()).toContain("has ended");
    expect(await recording.runs()).toEqual([]);
  });

  it("to the client that the options name", async () => {
    const client = new Client(memoryBackend());
    const recording = record({ client });
    await train();
    const { items } = await client.runs.search({ experimentIds: ["0"] }).page();
    expect(items.map(({ status }) => status)).toEqual(["FINISHED"]);
    expect(await recording.runs()).toEqual([]);
  });

  it("into a run of its own although one is active, where that is asked for", async () => {
    const recording = record({ exclusive: true });
    const id = await withRun({}, async (run) => {
      await train();
      return run.id;
    });
    const runs = await recording.runs();
    expect(runs).toHaveLength(2);
    expect(runs.find((run) => run.id === id)?.metrics).toEqual({});
    expect(runs.find((run) => run.id !== id)).toMatchObject({
      status: "FINISHED",
      metrics: { loss: expect.any(Number) },
    });
  });

  it("into a run of a backend that has to be waited for", async () => {
    record();
    const backend = memoryBackend();
    registerBackend("slow", async () => backend);
    configure({ trackingUri: "slow://anywhere" });
    expect((await train()).history.loss).toHaveLength(1);
    const { items } = await new Client(backend).runs.search({ experimentIds: ["0"] }).page();
    expect(items[0]?.metrics.batch_loss).toBeGreaterThan(0);
  });

  it("into nothing while Tidemark is switched off", async () => {
    vi.stubEnv("TIDEMARK_DISABLED", "1");
    const recording = record();
    await train();
    vi.unstubAllEnvs();
    expect(await recording.runs()).toEqual([]);
  });
});

describe("a training that throws", () => {
  it("fails its own run with the error, and the error is thrown on", async () => {
    const recording = record();
    const broken = new Error("out of luck");
    const onBatchEnd = () => {
      throw broken;
    };
    await expect(train({ onBatchEnd })).rejects.toBe(broken);
    const run = await recording.run();
    expect(run.status).toBe("FAILED");
    expect(run.tags["tidemark.error"]).toContain("out of luck");
  });

  it("leaves a run that is somebody else's alone", async () => {
    const recording = record();
    const onEpochEnd = () => Promise.reject(new Error("caught by its owner"));
    await withRun({}, async () => {
      await expect(train({ onEpochEnd })).rejects.toThrow("caught by its owner");
    });
    const run = await recording.run();
    expect(run.status).toBe("FINISHED");
    expect(run.tags["tidemark.error"]).toBeUndefined();
  });

  it("and the next one is recorded as if nothing had been", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    await expect(model.fit(x, tf.ones([60, 7]), quick)).rejects.toThrow("shape");
    await model.fit(x, y, quick);
    expect((await recording.runs()).map(({ status }) => status)).toEqual(["FAILED", "FINISHED"]);
  });

  it("because the model is not compiled", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = tf.sequential();
    model.add(tf.layers.dense({ units: 3, inputShape: [4] }));
    // Not what a model says that was built by looking at it.
    await expect(model.fit(x, y, quick)).rejects.toThrow("The model needs to be compiled before being used");
    expect((await recording.run()).status).toBe("FAILED");
  });
});

describe("several trainings", () => {
  it("at once are several runs", async () => {
    const recording = record();
    await Promise.all([train(), train()]);
    const runs = await recording.runs();
    expect(runs).toHaveLength(2);
    for (const { id, status } of runs) {
      expect(status).toBe("FINISHED");
      expect((await recording.history(id, "batch_loss")).steps).toEqual([0, 1]);
    }
  });

  it("at once, while a run is active: one takes it, the other is a child of it", async () => {
    const recording = record();
    const id = await withRun({}, async (run) => {
      await Promise.all([train(), train()]);
      return run.id;
    });
    const runs = await recording.runs();
    const child = runs.find((run) => run.id !== id);
    expect(runs).toHaveLength(2);
    expect(child?.tags["mlflow.parentRunId"]).toBe(id);
    for (const run of runs) expect((await recording.history(run.id, "batch_loss")).steps).toEqual([0, 1]);
  });

  it("one inside the callback of the other is a child of it", async () => {
    const recording = record();
    await train({ onEpochEnd: async () => void (await train()) });
    const runs = await recording.runs();
    const parent = runs.find((run) => run.tags["mlflow.parentRunId"] === undefined);
    const child = runs.find((run) => run.tags["mlflow.parentRunId"] !== undefined);
    expect(runs).toHaveLength(2);
    expect(child?.tags["mlflow.parentRunId"]).toBe(parent?.id);
    for (const run of runs) {
      expect(run.status).toBe("FINISHED");
      expect((await recording.history(run.id, "loss")).steps).toEqual([0]);
    }
  });

  it("of one model at once: the second is refused by TensorFlow.js, and nothing of it is recorded", async () => {
    const recording = record();
    const { x, y } = flowers();
    const model = classifier();
    const first = model.fit(x, y, quick);
    await expect(model.fit(x, y, quick)).rejects.toThrow("another fit() call is ongoing");
    await first;
    expect((await recording.run()).status).toBe("FINISHED");
  });

  it("with other params in one run keep the first, and the run ends well", async () => {
    const recording = record();
    await withRun({ params: { epochs: 12 } }, async () => {
      await train();
      const { x, y } = flowers();
      await classifier("sgd").fit(x, y, { ...quick, batchSize: 10 });
    });
    const run = await recording.run();
    expect(run.status).toBe("FINISHED");
    expect(run.params).toMatchObject({ epochs: "12", batch_size: "30", optimizer_name: "Adam" });
    expect(recording.warnings.join()).toContain("param batch_size");
    const files = await recording.artifacts(run.id);
    expect(files).toEqual(expect.arrayContaining(["model_summary.txt", "model_summary_2.txt"]));
    expect((await recording.models(run.id)).map(({ name }) => name).sort()).toEqual(["model", "model_2"]);
  });
});

it("what cannot be recorded never reaches the training", async () => {
  const recording = record({ registeredModelName: "digits" });
  await withRun({}, async (run) => {
    // A directory in the place of the metric's file.
    run.logMetric("batch_loss/taken", 1);
    expect((await train()).history.loss).toHaveLength(1);
    await run.flush();
  });
  const { metrics } = await recording.run();
  expect(metrics).toMatchObject({ loss: expect.any(Number), batch_accuracy: expect.any(Number) });
  expect(recording.warnings.join()).toContain("metric batch_loss");
});

it("a run that is ended in the middle of the training takes nothing more, and the training goes on", async () => {
  const recording = record();
  const run = await startRun();
  const { history } = await train({ onBatchEnd: async (batch) => void (batch === 0 && (await run.end())) });
  expect(history.loss).toHaveLength(1);
  expect((await recording.run()).status).toBe("FINISHED");
  expect(recording.warnings.filter((warning) => warning.includes(`run ${run.id} has ended`))).toHaveLength(1);
});

it("silent says nothing of trouble", async () => {
  const run = await startRun({ client: new Client(memoryBackend()) });
  await run.end();
  const recording = record({ run, silent: true });
  await train();
  expect(recording.warnings).toEqual([]);
});

it("a child is kept where its parent is, whatever is configured", async () => {
  const recording = record({ registeredModelName: "flowers" });
  const client = new Client(memoryBackend());
  const parentId = await withRun({ client, experiment: "elsewhere" }, async (run) => {
    await Promise.all([train(), train()]);
    return run.id;
  });
  const experiment = await client.experiments.getByName("elsewhere");
  const { items } = await client.runs.search({ experimentIds: [experiment?.id ?? ""] }).page();
  expect(items).toHaveLength(2);
  expect(items.map(({ tags }) => tags["mlflow.parentRunId"]).sort()).toEqual([parentId, undefined]);
  expect(await recording.runs()).toEqual([]);
  expect((await client.registry.getVersion({ name: "flowers", version: 2 })).runId).toBeDefined();
});

it("a training that has thrown does not hold its run: the next one goes into the same", async () => {
  const recording = record();
  await withRun({}, async () => {
    const onBatchEnd = () => Promise.reject(new Error("out of luck"));
    await expect(train({ onBatchEnd })).rejects.toThrow("out of luck");
    await train();
  });
  expect((await recording.run()).metrics.loss).toBeGreaterThan(0);
});
