import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { connect } from "../../src/connect/connect.ts";
import { autolog } from "../../src/tfjs/index.ts";
import { succeed } from "../support/child.ts";
import { freePort, startMlflowServer } from "../support/mlflow-server.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut, pythonPath } from "../support/peers.ts";
import { bits, runPython } from "../support/python.ts";
import { classifier, flowers, handWritten, Recording, record } from "../support/tfjs-training.ts";

interface PythonRun {
  readonly info: { readonly status: string };
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  readonly histories: Record<string, [timestamp: number, value: string, step: number][]>;
}

const read = async ({ mlruns }: Recording, runId: string): Promise<PythonRun> =>
  (await runPython("read_run.py", [mlruns, runId], temporaryDirectory())) as PythonRun;

/** Steps and bits of a metric, as Python reads them. */
const seenByPython = (run: PythonRun, key: string) => run.histories[key]?.map(([, value, step]) => [step, value]);
const asBits = (values: readonly (number | undefined)[]) =>
  values.map((value, step) => [step, bits(value ?? Number.NaN)]);

beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend("cpu");
});

describe.skipIf(leftOut("python"))("Python MLflow reads of TensorFlow.js", () => {
  it("what a hand-written callback has seen of fit, and how it was called", async () => {
    const recording = record();
    const { x, y } = flowers();
    const seen = handWritten();
    const [xVal, yVal] = [tf.slice(x, 0, 20), tf.slice(y, 0, 20)];
    await classifier(tf.train.adam(0.02)).fit(x, y, {
      epochs: 4,
      batchSize: 25,
      validationData: [xVal, yVal],
      verbose: 0,
      callbacks: seen.callback,
    });
    const { id } = await recording.run();
    const run = await read(recording, id);
    expect(run.info.status).toBe("FINISHED");
    for (const [name, key] of Object.entries({
      loss: "loss",
      acc: "accuracy",
      val_loss: "val_loss",
      val_acc: "val_accuracy",
    })) {
      expect(seenByPython(run, key), key).toEqual(asBits(seen.epochs.map((logs) => logs[name])));
    }
    for (const [name, key] of Object.entries({ loss: "batch_loss", acc: "batch_accuracy" })) {
      expect(seenByPython(run, key), key).toEqual(asBits(seen.batches.map((logs) => logs[name])));
    }
    expect(run.params).toMatchObject({
      epochs: "4",
      batch_size: "25",
      optimizer_name: "Adam",
      optimizer_learning_rate: "0.02",
      total_params: "67",
    });
  });

  it("what minimize has answered in a loop", async () => {
    const recording = new Recording();
    const { disable } = autolog(tf);
    const weight = tf.variable(tf.scalar(2));
    const optimizer = tf.train.sgd(0.05);
    const seen: number[] = [];
    for (let step = 0; step < 12; step++) {
      const cost = optimizer.minimize(() => tf.square(weight) as tf.Scalar, true);
      seen.push(cost?.dataSync()[0] as number);
    }
    await disable();
    const run = await read(recording, (await recording.run()).id);
    expect(seenByPython(run, "batch_loss")).toEqual(asBits(seen));
    expect(run.info.status).toBe("FINISHED");
  });

  it("the table of layers, the datasets and the registered model", async () => {
    const recording = record({ registeredModelName: "flowers" });
    const { x, y } = flowers();
    await classifier().fit(x, y, { epochs: 1, verbose: 0 });
    const { id } = await recording.run();
    const program = `
import json, sys, mlflow
from mlflow import MlflowClient
mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
run = client.get_run(sys.argv[2])
version = client.get_model_version("flowers", "1")
print(json.dumps({
  "layers": mlflow.load_table("layers.json", run_ids=[sys.argv[2]])["type"].tolist(),
  "inputs": [[i.dataset.name, i.tags[0].value, json.loads(i.dataset.profile)["features_shape"]] for i in run.inputs.dataset_inputs],
  "version": [version.run_id, version.source == "models:/" + run.outputs.model_outputs[0].model_id],
}))`;
    const output = await succeed(pythonPath(), ["-c", program, recording.mlruns, id], {
      cwd: temporaryDirectory(),
      env: { MLFLOW_ALLOW_FILE_STORE: "true", PYTHONWARNINGS: "ignore" },
    });
    expect(JSON.parse(output.split("\n").at(-1) ?? "")).toEqual({
      layers: ["Dense", "Dense"],
      inputs: [["dataset", "train", { x: [60, 4], y: [60, 3] }]],
      version: [id, true],
    });
  });

  it("at a server, an own run with its files, the version of its model, and what is evaluated later", async () => {
    const server = await startMlflowServer({});
    onTestFinished(() => server.kill());
    const client = await connect(server.address);
    onTestFinished(() => client.close());
    record({ client, registeredModelName: "flowers" });
    const { x, y } = flowers();
    const model = classifier();
    await model.fit(x, y, { epochs: 2, batchSize: 30, verbose: 0 });
    const [loss] = model.evaluate(x, y) as tf.Scalar[];
    const { items } = await client.runs.search({ experimentIds: ["0"] }).page();
    const [run] = items;
    if (run === undefined) throw new Error("there is no run");
    expect(run.status).toBe("FINISHED");
    expect([...(await client.runs.metricHistory(run.id, "batch_loss")).steps]).toEqual([0, 1, 2, 3]);
    const [output] = run.modelOutputs;
    expect(await client.loggedModels.get(output?.modelId ?? "")).toMatchObject({ name: "model", status: "READY" });
    expect((await client.registry.getVersion({ name: "flowers", version: 1 })).runId).toBe(run.id);
    await vi.waitFor(async () => {
      const { values } = await client.runs.metricHistory(run.id, "validation_loss");
      expect([...values]).toEqual([...(loss?.dataSync() ?? [])]);
    });
  });

  it("nothing while its server is away, and the training ends all the same", async () => {
    const port = await freePort();
    const client = await connect(`http://127.0.0.1:${port}`);
    const recording = record({ client });
    const { x, y } = flowers();
    const { history } = await classifier().fit(x, y, { epochs: 2, verbose: 0 });
    expect(history.loss).toHaveLength(2);
    expect(recording.warnings.join()).toContain("spool");
    const server = await startMlflowServer({ port });
    onTestFinished(() => server.kill());
    await client.close();
    const back = await connect(server.address);
    onTestFinished(() => back.close());
    await vi.waitFor(
      async () => {
        const { items } = await back.runs.search({ experimentIds: ["0"] }).page();
        expect(items.map(({ status }) => status)).toEqual(["FINISHED"]);
        // Logged models cannot be made while a server is away: the model is among the files of the run.
        const files = await back.artifacts.list({ runId: items[0]?.id ?? "", path: "model" });
        expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(["model/MLmodel", "model/model.onnx"]));
      },
      { timeout: 30_000, interval: 500 },
    );
  });
});
