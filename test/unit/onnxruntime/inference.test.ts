import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { startRun, withRun } from "../../../src/fluent/start-run.ts";
import { type AutologOptions, autolog } from "../../../src/onnxruntime/index.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { firstFeeds, images, stepModel, untrainedModel } from "../../support/ort-training.ts";
import { recordedRuns } from "../../support/recorded-runs.ts";

function begin(options: AutologOptions = {}) {
  const recorded = recordedRuns();
  const handle = autolog(ort, { client: recorded.client, ...options });
  onTestFinished(() => handle.disable());
  return { ...recorded, handle };
}

async function predict(times: number, batch = 8, model: string | Uint8Array = untrainedModel()) {
  const session = await ort.InferenceSession.create(model as string);
  for (let i = 0; i < times; i++) await session.run(images(ort, batch));
  return session;
}

const CREATE = "session_create_ms";

describe("inference", () => {
  it("is summed up in windows: latency, throughput, batch size", async () => {
    const { only, history, handle } = begin({ windowRuns: 10 });
    const session = await predict(25);
    await session.release();
    await handle.disable();
    const run = await only();
    // Two windows of ten runs, and what was left; the step is the last run's.
    const steps = async (key: string) => (await history(run.id, key)).map(([step]) => step);
    expect(await steps("latency_p95_ms")).toEqual([9, 19, 24]);
    expect(await steps("runs_per_second")).toEqual([9, 19, 24]);
    expect(await history(run.id, "batch_size")).toEqual([9, 19, 24].map((step) => [step, 8]));
    expect(await steps("first_run_ms")).toEqual([0]);
    expect(await steps(CREATE)).toEqual([0]);
    const { metrics } = run;
    expect(metrics.latency_p50_ms).toBeGreaterThan(0);
    expect(metrics.latency_p99_ms).toBeGreaterThanOrEqual(metrics.latency_p50_ms ?? Number.NaN);
    expect(metrics.latency_max_ms).toBeGreaterThanOrEqual((metrics.latency_p99_ms ?? Number.NaN) * 0.99);
    expect(metrics.examples_per_second).toBeCloseTo((metrics.runs_per_second ?? Number.NaN) * 8);
    expect(metrics.loss).toBeUndefined();
  });

  it("in a window that nobody closes is summed up after its time", async () => {
    const { only } = begin({ windowSeconds: 0.05 });
    const session = await predict(3);
    const summary = async () => expect((await only()).metrics.latency_p50_ms).toBeGreaterThan(0);
    await vi.waitFor(summary, { timeout: 5_000 });
    await session.release();
  });

  it("is counted whole but timed in part with everyNRuns", async () => {
    const { only, history, handle } = begin({ everyNRuns: 5 });
    const session = await ort.InferenceSession.create(stepModel());
    for (let i = 0; i < 12; i++) await session.run(firstFeeds(ort));
    await session.release();
    await handle.disable();
    const run = await only();
    expect((await history(run.id, "loss")).map(([step]) => step)).toEqual([0, 5, 10]);
    expect(run.metrics.examples_per_second).toBeCloseTo((run.metrics.steps_per_second ?? Number.NaN) * 40);
  });

  it("names the model by its file, its bytes, and what stands in it", async () => {
    const file = join(temporaryDirectory(), "digits v2.onnx");
    writeFileSync(file, untrainedModel());
    const { only, handle } = begin();
    await (await predict(1, 8, file)).release();
    await handle.disable();
    expect((await only()).params).toMatchObject({
      model_name: "digits v2",
      model_size_bytes: String(untrainedModel().length),
      model_sha256: createHash("sha256").update(untrainedModel()).digest("hex"),
      model_opset: "17",
      model_graph: "mlp",
      inputs: "x: float32[batch,64]",
      outputs: "probabilities: float32[batch,10]",
    });
  });

  it("reads a part of a buffer as the session does", async () => {
    const { only, handle } = begin();
    const model = untrainedModel();
    const buffer = new Uint8Array(model.length + 200);
    buffer.set(model, 100);
    const session = await ort.InferenceSession.create(buffer.buffer, 100, model.length);
    await session.run(images(ort, 1));
    await handle.disable();
    await session.release();
    expect((await only()).params.model_sha256).toBe(createHash("sha256").update(model).digest("hex"));
  });

  it("records what was asked for", async () => {
    const { only, handle } = begin({ hashModel: false, extraTags: { team: "vision" } });
    const session = await ort.InferenceSession.create(untrainedModel(), {
      executionProviders: [{ name: "cpu" }],
      graphOptimizationLevel: "basic",
      intraOpNumThreads: 1,
      extra: { session: { secret: "x" } },
    });
    await session.run(images(ort, 1));
    await session.release();
    await handle.disable();
    const { params, tags } = await only();
    expect(params).toMatchObject({
      execution_providers: "cpu",
      "session_options.graphOptimizationLevel": "basic",
      "session_options.intraOpNumThreads": "1",
    });
    expect(params.model_sha256).toBeUndefined();
    expect(tags.team).toBe("vision");
  });

  it("counts errors by what they say, and leaves them to the program", async () => {
    const { only, handle } = begin();
    const session = await predict(1);
    for (let i = 0; i < 3; i++) await expect(session.run({})).rejects.toThrow("input 'x' is missing in 'feeds'.");
    await expect(session.run({ x: new ort.Tensor("float32", [1], [1, 1]) })).rejects.toThrow();
    await session.release();
    await handle.disable();
    const { metrics, tags } = await only();
    expect(metrics.errors).toBe(4);
    const messages = JSON.parse(tags["onnxruntime.errors"] ?? "") as Record<string, number>;
    expect(messages["input 'x' is missing in 'feeds'."]).toBe(3);
    expect(Object.values(messages)).toEqual([3, 1]);
  });
});

describe("the run it is recorded in", () => {
  it("is the active one, which gets the last window before it ends", async () => {
    const { client, only, handle } = begin();
    await withRun({ client, captureEnvironment: false }, async () => {
      await predict(4);
    });
    const run = await only();
    expect(run.status).toBe("FINISHED");
    expect(run.metrics.latency_p50_ms).toBeGreaterThan(0);
    await handle.disable();
  });

  it("is a given one, and no other", async () => {
    const { client } = begin();
    const [given, active] = [await startRun({ client }), await startRun({ client })];
    const handle = autolog(ort, { run: given });
    await (await predict(3)).release();
    await given.end();
    // It takes no more; that is no reason to look for another.
    await (await predict(3)).release();
    await active.end();
    await handle.disable();
    expect((await client.runs.get(given.id)).metrics.runs_per_second).toBeGreaterThan(0);
    expect((await client.runs.get(active.id)).metrics).toEqual({});
  });

  it("with exclusive is never the active one", async () => {
    const { client, all, handle } = begin({ exclusive: true });
    const active = await startRun({ client });
    await (await predict(3)).release();
    await handle.disable();
    await active.end();
    const runs = await all();
    expect(runs).toHaveLength(2);
    expect(runs.find(({ id }) => id === active.id)?.metrics).toEqual({});
  });

  it("is one of its own for each of two sessions", async () => {
    const { all, handle } = begin();
    const sessions = [await predict(2), await predict(2)];
    for (const session of sessions) await session.release();
    await handle.disable();
    expect((await all()).map(({ status }) => status)).toEqual(["FINISHED", "FINISHED"]);
  });

  it("has every session after the first under the name of its model", async () => {
    const { client, only, artifact, handle } = begin();
    await withRun({ client, captureEnvironment: false }, async () => {
      const step = await ort.InferenceSession.create(stepModel());
      await step.run(firstFeeds(ort));
      await predict(2);
      await expect((await predict(2)).run({})).rejects.toThrow();
    });
    await handle.disable();
    const { id, metrics, params, tags } = await only();
    expect(tags).toMatchObject({
      "mlflow.autologging": "onnxruntime",
      "mlp_2/onnxruntime.errors": expect.stringContaining("missing"),
    });
    expect(tags).not.toHaveProperty(["onnxruntime.errors"]);
    expect(metrics.loss).toBeGreaterThan(0);
    expect(params).toMatchObject({ model_name: "mlp-sgd-step", "mlp/model_name": "mlp", "mlp_2/model_name": "mlp" });
    expect(metrics["mlp/runs_per_second"]).toBeGreaterThan(0);
    expect(await artifact(id, "mlp_2/signature.json")).toMatchObject({ params: null });
  });

  it("goes on where a session of the same model left it", async () => {
    const { client, only, history, handle } = begin();
    await withRun({ client, captureEnvironment: false }, async () => {
      for (let i = 0; i < 2; i++) await (await predict(5)).release();
    });
    await handle.disable();
    const { id, params } = await only();
    expect(params["mlp/model_name"]).toBeUndefined();
    expect((await history(id, "runs_per_second")).map(([step]) => step)).toEqual([4, 9]);
    expect((await history(id, CREATE)).map(([step]) => step)).toEqual([0, 5]);
  });

  it("is another when the first has ended", async () => {
    const { client, all, handle } = begin();
    const first = await startRun({ client });
    const session = await predict(2);
    await first.end();
    await session.run(images(ort, 1));
    await session.run(images(ort, 1));
    await session.release();
    await handle.disable();
    expect((await all()).map(({ metrics }) => metrics.runs_per_second !== undefined)).toEqual([true, true]);
  });
});
