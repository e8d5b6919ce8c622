import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as OrtCommon from "onnxruntime-common";
import { expect, it, onTestFinished } from "vitest";
import { autolog } from "../../../src/onnxruntime/index.ts";
import { recordedRuns } from "../../support/recorded-runs.ts";
import { repository } from "../../support/repository.ts";

// onnxruntime-web 1.19.2, the last with a training API; its types are gone from the packages of today.
interface TrainingSession {
  readonly trainingOutputNames: readonly string[];
  runTrainStep(feeds: Feeds): Promise<Readonly<Record<string, OrtCommon.Tensor>>>;
  runEvalStep(feeds: Feeds): Promise<Readonly<Record<string, OrtCommon.Tensor>>>;
  runOptimizerStep(): Promise<void>;
  lazyResetGrad(): Promise<void>;
  getContiguousParameters(trainableOnly: boolean): Promise<OrtCommon.Tensor>;
  release(): Promise<void>;
}
type Feeds = Readonly<Record<string, OrtCommon.Tensor>>;
interface OrtTraining {
  readonly env: typeof OrtCommon.env;
  readonly Tensor: typeof OrtCommon.Tensor;
  readonly InferenceSession: typeof OrtCommon.InferenceSession;
  readonly TrainingSession: { create(options: object): Promise<TrainingSession> };
}

// The package has no export for it that Node takes.
const path = join(repository, "node_modules/onnxruntime-web-training/dist/ort.training.wasm.min.mjs");
const ort = (await import(pathToFileURL(path).href)) as OrtTraining;
ort.env.wasm.numThreads = 1;

const artifact = (name: string) => readFileSync(new URL(`data/${name}`, import.meta.url));
const createSession = () =>
  ort.TrainingSession.create({
    checkpointState: artifact("checkpoint"),
    trainModel: artifact("training_model.onnx"),
    evalModel: artifact("eval_model.onnx"),
    optimizerModel: artifact("optimizer_model.onnx"),
  });

const BATCH = 30;

/** Points around three corners, which a network of eight neurons tells apart. */
function batch(step: number): Feeds {
  const labels = Array.from({ length: BATCH }, (_, row) => row % 3);
  const values = labels.flatMap((label, row) =>
    Array.from(
      { length: 4 },
      (_, column) => (column === label ? 1.5 : 0) + 0.2 * Math.sin(row * 7 + column * 3 + step),
    ),
  );
  return {
    x: new ort.Tensor("float32", Float32Array.from(values), [BATCH, 4]),
    labels: new ort.Tensor("int64", BigInt64Array.from(labels.map(BigInt)), [BATCH]),
  };
}

async function train(session: TrainingSession) {
  const losses: number[] = [];
  const evaluations: number[] = [];
  const lossOf = (outputs: Feeds) => Number(Object.values(outputs)[0]?.data[0]);
  for (let epoch = 0; epoch < 3; epoch++) {
    for (let step = 0; step < 40; step++) {
      losses.push(lossOf(await session.runTrainStep(batch(step))));
      await session.runOptimizerStep();
      await session.lazyResetGrad();
    }
    evaluations.push(lossOf(await session.runEvalStep(batch(100))), lossOf(await session.runEvalStep(batch(101))));
  }
  const { data } = await session.getContiguousParameters(false);
  return { losses, evaluations, parameters: Array.from(data as Float32Array) };
}

it("a TrainingSession of onnxruntime-web 1.19 is recorded, and learns the same", async () => {
  const plain = await createSession();
  const expected = await train(plain);
  await plain.release();

  const recorded = recordedRuns();
  const handle = autolog(ort, { client: recorded.client });
  onTestFinished(() => handle.disable());
  const session = await createSession();
  const seen = await train(session);
  await session.runTrainStep({}).catch(() => {});
  await session.release();
  await handle.disable();

  expect(seen).toEqual(expected);
  expect(seen.losses.at(-1)).toBeLessThan((seen.losses[0] ?? 0) * 0.9);
  const run = await recorded.only();
  expect(run.status).toBe("FINISHED");
  expect(await recorded.history(run.id, "loss")).toEqual(seen.losses.map((loss, step) => [step, loss]));
  const [a, b, c, d, e, f] = seen.evaluations as [number, number, number, number, number, number];
  expect(await recorded.history(run.id, "eval_loss")).toEqual([
    [39, (a + b) / 2],
    [79, (c + d) / 2],
    [119, (e + f) / 2],
  ]);
  expect(run.params).toMatchObject({
    parameter_count: "67",
    trainable_parameter_count: "64",
    model_producer: "make_artifacts",
    model_opset: expect.stringContaining("17"),
    first_run_inputs: "x: float32[30,4], labels: int64[30]",
    onnxruntime: "onnxruntime-web",
    onnxruntime_version: "1.19.2",
  });
  expect(run.metrics).toMatchObject({ optimizer_steps: 120, errors: 1 });
  expect(run.metrics.steps_per_second).toBeGreaterThan(0);
  expect(Object.keys(JSON.parse(run.tags["onnxruntime.errors"] ?? "{}"))[0]).toMatch(/missing/);
});
