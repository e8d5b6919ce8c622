import { createHash } from "node:crypto";
import * as ortNode from "onnxruntime-node";
import * as ortWeb from "onnxruntime-web";
import { afterEach, describe, expect, it } from "vitest";
import { memoryBackend } from "../../../src/memory/memory-backend.ts";
import { type AutologHandle, type AutologOptions, autolog } from "../../../src/onnxruntime/index.ts";
import { Client } from "../../../src/tracking/client.ts";
import { type Ort, stepModel, trainOnDigits } from "../../support/ort-training.ts";

ortWeb.env.wasm.numThreads = 1;

const packages: readonly (readonly [string, Ort])[] = [
  ["onnxruntime-node", ortNode],
  ["onnxruntime-web", ortWeb],
];

let handle: AutologHandle | undefined;
afterEach(() => handle?.disable());

/** Where runs of their own go, and all that are there. */
function start(ort: Ort, options: AutologOptions = {}) {
  const client = new Client(memoryBackend());
  handle = autolog(ort, { client, ...options });
  const runs = async () => {
    const found = [];
    for await (const run of client.runs.search({ experimentIds: ["0"] })) found.push(run);
    return found;
  };
  return { client, runs };
}

describe.each(packages)("a training loop over a step graph, on %s", (name, ort) => {
  it("is recorded step by step, and learns as it does without", async () => {
    const plain = await ort.InferenceSession.create(stepModel());
    const expected = await trainOnDigits(ort, plain, 8);
    await plain.release();

    const { client, runs } = start(ort);
    const session = await ort.InferenceSession.create(stepModel());
    const seen = await trainOnDigits(ort, session, 8);
    await session.release();
    await handle?.disable();

    expect(seen).toEqual(expected);
    expect(seen.slice(-20).reduce((sum, step) => sum + step.accuracy, 0) / 20).toBeGreaterThan(0.9);
    const [run, ...others] = await runs();
    expect(others).toEqual([]);
    expect(run?.status).toBe("FINISHED");
    for (const key of ["loss", "accuracy"] as const) {
      const { values, steps } = await client.runs.metricHistory(run?.id ?? "", key);
      expect([...values]).toEqual(seen.map((step) => step[key]));
      expect([...steps]).toEqual(seen.map((_, index) => index));
    }
    expect(Object.keys(run?.metrics ?? {}).sort()).toEqual(
      [
        "accuracy",
        "batch_size",
        "examples_per_second",
        "first_run_ms",
        "latency_max_ms",
        "latency_mean_ms",
        "latency_p50_ms",
        "latency_p95_ms",
        "latency_p99_ms",
        "loss",
        "overall_latency_p50_ms",
        "overall_latency_p95_ms",
        "overall_latency_p99_ms",
        "session_create_ms",
        "steps_per_second",
      ].sort(),
    );
    expect(run?.metrics.batch_size).toBe(40);
    expect(run?.params).toEqual({
      execution_providers: "default",
      first_run_inputs: expect.stringContaining("x: float32[40,64]"),
      inputs:
        "x: float32[batch,64], y: int64[batch], lr: float32[], W1: float32[64,32], b1: float32[32], W2: float32[32,10], b2: float32[10]",
      model_graph: "mlp-sgd-step",
      model_ir_version: "8",
      model_name: "mlp-sgd-step",
      model_opset: "17",
      model_producer: "tidemark-examples 1.0",
      model_sha256: createHash("sha256").update(stepModel()).digest("hex"),
      model_size_bytes: String(stepModel().length),
      onnxruntime: name,
      onnxruntime_version: "1.30.0",
      outputs:
        "loss: float32[], accuracy: float32[], W1_new: float32[64,32], b1_new: float32[32], W2_new: float32[32,10], b2_new: float32[10]",
    });
    expect(run?.tags).toMatchObject({ "mlflow.autologging": "onnxruntime" });
    const signature = JSON.parse(
      new TextDecoder().decode(await client.artifacts.read({ runId: run?.id ?? "", path: "signature.json" })),
    );
    expect(JSON.parse(signature.inputs)[1]).toEqual({
      name: "y",
      type: "tensor",
      "tensor-spec": { dtype: "int64", shape: [-1] },
    });
  });
});
