import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as ort from "onnxruntime-node";
import { afterEach, describe, expect, it } from "vitest";
import { connect, startRun } from "../../src/index.ts";
import { type AutologHandle, autolog } from "../../src/onnxruntime/index.ts";
import { startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { images, stepModel, trainOnDigits, untrainedModel } from "../support/ort-training.ts";
import { leftOut } from "../support/peers.ts";
import { bits, runPython } from "../support/python.ts";

interface PythonRun {
  readonly info: { readonly status: string };
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, string>>;
  readonly histories: Readonly<Record<string, readonly (readonly [number, string, number])[]>>;
}

let handle: AutologHandle | undefined;
afterEach(() => handle?.disable());

describe.skipIf(leftOut("python"))("what autolog(ort) records, Python MLflow reads", () => {
  it("of a training loop: every step as the loop itself saw it, in a directory of a run of its own", async () => {
    const directory = temporaryDirectory();
    const mlruns = join(directory, "mlruns");
    const client = await connect(mlruns);
    handle = autolog(ort, { client });
    const session = await ort.InferenceSession.create(stepModel());
    const seen = await trainOnDigits(ort, session, 4);
    await session.release();
    await handle.disable();

    const runs = [];
    for await (const found of client.runs.search({ experimentIds: ["0"] })) runs.push(found.id);
    expect(runs).toHaveLength(1);
    const run = (await runPython("read_run.py", [pathToFileURL(mlruns).href, runs[0] ?? ""], directory)) as PythonRun;
    expect(run.info.status).toBe("FINISHED");
    for (const key of ["loss", "accuracy"] as const) {
      expect(run.histories[key]?.map(([, value, step]) => [value, step])).toEqual(
        seen.map((values, step) => [bits(values[key]), step]),
      );
    }
    expect(run.params).toMatchObject({
      model_sha256: createHash("sha256").update(stepModel()).digest("hex"),
      model_opset: "17",
      onnxruntime: "onnxruntime-node",
    });
    expect(run.tags["mlflow.autologging"]).toBe("onnxruntime");
  });

  it("of an inference: percentiles and the signature, at a server", async () => {
    const directory = temporaryDirectory();
    const server = await startMlflowServer({});
    try {
      const client = await connect(server.address);
      handle = autolog(ort, { windowRuns: 10 });
      const run = await startRun({ client });
      const session = await ort.InferenceSession.create(untrainedModel());
      for (let i = 0; i < 25; i++) await session.run(images(ort, 4));
      await run.end();
      await handle.disable();

      const seen = (await runPython("read_run.py", [server.address, run.id], directory)) as PythonRun;
      for (const key of ["latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "runs_per_second", "batch_size"]) {
        expect(
          seen.histories[key]?.map(([, , step]) => step),
          key,
        ).toEqual([9, 19, 24]);
      }
      expect(seen.metrics.batch_size).toBe(bits(4));
      expect(await runPython("read_signature.py", [server.address, run.id], directory)).toEqual({
        inputs: [["x", "float32", [-1, 64]]],
        outputs: [["probabilities", "float32", [-1, 10]]],
        refusesOthers: true,
      });
      await client.close();
    } finally {
      await server.kill();
    }
  });
});
