import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, connect, type Run, withRun } from "../../src/index.ts";
import { loadModel, logModel, type SaveOptions, saveModel } from "../../src/models/index.ts";
import { autolog } from "../../src/tfjs/index.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { largestOf, type Outputs, plainOutputs } from "../support/model-outputs.ts";
import { LARGEST_DIFFERENCE } from "../support/onnx-equality.ts";
import { asked, classifierOf, type PeerModel, peerModels, type Question } from "../support/peer-models.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";

const ALIAS = "champion";

/** A model to be loaded by each of its URIs, the one by its id first. */
interface Job {
  readonly name: string;
  readonly uris: readonly string[];
  readonly question: Question;
  /** Of its registered model, where MLflow's view of all of it is wanted. */
  readonly alias?: string;
}

/** What `load_models.py` says of a job. */
interface PythonView {
  readonly predictions: Readonly<Record<string, Outputs>>;
  readonly onnx: Outputs;
  readonly described: Readonly<Record<string, unknown>>;
  readonly version: Readonly<Record<string, unknown>>;
}

interface Logged extends Job {
  readonly ours: Readonly<Record<string, Outputs>>;
  /** In TensorFlow.js's own form, where it has that. */
  readonly tfjs: Outputs | undefined;
  readonly exampleOutputs: Outputs;
  readonly modelId: string;
  readonly runId: string;
}

async function predictions(uris: readonly string[], question: Question, client: Client) {
  const outputs: Record<string, Outputs> = {};
  let exampleOutputs: Outputs = {};
  for (const uri of uris) {
    await using model = await loadModel(uri, { client, ort, cache: false });
    outputs[uri] = plainOutputs(await model.predict(asked(question)));
    const example = await model.inputExample();
    if (example !== undefined) exampleOutputs = plainOutputs(await model.predict(example));
  }
  return { ours: outputs, exampleOutputs };
}

async function predictInTensorFlow(directory: string, question: Question): Promise<Outputs> {
  await using model = await loadModel(directory, { tf, flavor: "tfjs" });
  return plainOutputs(await model.predict(asked(question)));
}

async function logOne(run: Run, client: Client, folder: string, name: string, peer: PeerModel): Promise<Logged> {
  const { model, inputExample, question } = peer;
  const form = { tf, ort, inputExample, metadata: { maker: "tide" } } satisfies SaveOptions;
  const { uri, modelId = "" } = await logModel(run, model, { ...form, name, registeredModelName: name, alias: ALIAS });
  const { directory } = await saveModel(join(folder, name), model, { ...form, overwrite: true });
  const { artifactLocation } = await client.loggedModels.get(modelId);
  const byName = [`models:/${name}/1`, `models:/${name}@${ALIAS}`, `models:/${name}/latest`];
  const uris = [uri, `runs:/${run.id}/${name}`, ...byName, directory, artifactLocation];
  const answers = await predictions(uris, question, client);
  const tfjs = model instanceof Uint8Array ? undefined : await predictInTensorFlow(directory, question);
  return { name, uris, question, alias: ALIAS, modelId, runId: run.id, tfjs, ...answers };
}

/** One line: its model is logged and registered when the training ends. */
async function trainWithAutolog(client: Client): Promise<Job> {
  const { disable } = autolog(tf, { client, registeredModelName: "trained" });
  const { model, x, y, question } = classifierOf(60);
  await model.fit(x, y, { epochs: 2, verbose: 0 });
  await disable();
  return { name: "trained", uris: ["models:/trained/1"], question };
}

describe.skipIf(leftOut("python"))("Python loads models that were logged here", () => {
  let server: MlflowServer;
  let models: Readonly<Record<string, PeerModel>>;
  beforeAll(async () => {
    tf.enableProdMode();
    await tf.setBackend("cpu");
    [server, models] = await Promise.all([startMlflowServer({}), peerModels()]);
  });
  afterAll(() => server?.kill());

  describe.each(["a directory", "a server"])("in %s", (kind) => {
    const folder = mkdtempSync(join(tmpdir(), "tidemark-models-"));
    const logged: Logged[] = [];
    let trained: Job;
    let trainedHere: Outputs;
    let seen: readonly PythonView[];

    beforeAll(async () => {
      const uri = kind === "a server" ? server.address : pathToFileURL(join(folder, "mlruns")).href;
      await using client = await connect(uri);
      await client.experiments.create({ name: "models" });
      await withRun({ client, experiment: "models", captureEnvironment: false }, async (run) => {
        run.logMetric("loss", 0.25);
        for (const [name, peer] of Object.entries(models)) logged.push(await logOne(run, client, folder, name, peer));
      });
      trained = await trainWithAutolog(client);
      const { ours } = await predictions(trained.uris, trained.question, client);
      trainedHere = ours[trained.uris[0] as string] as Outputs;
      const file = join(folder, "jobs.json");
      writeFileSync(file, JSON.stringify([...logged, trained]));
      seen = (await runPython("load_models.py", [uri, file], folder)) as PythonView[];
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("by URIs of all forms, and predicts what we do", () => {
      const largest = logged.flatMap(({ name, uris, ours, tfjs }, index) => {
        const { predictions, onnx } = seen[index] as PythonView;
        const [byId] = uris as [string];
        expect(Object.keys(predictions), name).toEqual(uris);
        const byUri = uris.map((uri) => [uri, largestOf(ours[uri] as Outputs, predictions[uri])] as const);
        const inOnnx = [`onnx flavor of ${name}`, largestOf(ours[byId] as Outputs, onnx)] as const;
        const inTensorFlow = tfjs === undefined ? 0 : largestOf(tfjs, predictions[byId]);
        return [...byUri, inOnnx, [`tfjs flavor of ${name}`, inTensorFlow] as const];
      });
      expect(largest.filter(([, difference]) => !(difference <= LARGEST_DIFFERENCE))).toEqual([]);
      expect(largest).toHaveLength(9 * Object.keys(models).length);
    });

    it("with their ids, signature, metadata and example, and takes the example as a request", () => {
      for (const [index, { name, modelId, runId, exampleOutputs }] of logged.entries()) {
        const { described } = seen[index] as PythonView;
        const tfjs = name === "onnx bytes" ? [] : ["tfjs"];
        const flavors = ["onnx", "python_function", ...tfjs];
        const ids = { modelId, runId, infoModelId: modelId, infoRunId: runId };
        expect(described, name).toMatchObject({ ...ids, flavors, infoFlavors: flavors, metadata: { maker: "tide" } });
        expect(described.time, name).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
        expect(described.example, name).toBe(name === "rows" ? "DataFrame" : "dict");
        expect(described.servingInput, name).toEqual(described.convertedExample);
        expect(largestOf(exampleOutputs, described.validated as Outputs), name).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
      }
      const specs = Object.fromEntries(logged.map(({ name }, index) => [name, seen[index]?.described]));
      expect(specs["two of each"]).toMatchObject({
        inputs: [
          { name: "left", type: "tensor", "tensor-spec": { dtype: "float32", shape: [-1, 3] } },
          { name: "right", type: "tensor", "tensor-spec": { dtype: "float32", shape: [-1, 2] } },
        ],
        outputs: [{ name: "label" }, { name: "score" }],
      });
      expect(specs.embedding).toMatchObject({ inputs: [{ "tensor-spec": { dtype: "int32", shape: [-1, 6] } }] });
      expect(specs.rows).toMatchObject({
        inputs: ["sepal", "width", "petal", "depth"].map((column) => ({
          type: "double",
          name: column,
          required: true,
        })),
      });
    });

    it("whose versions in the registry are READY, and say where they come from", () => {
      for (const [index, { name, modelId, runId }] of logged.entries()) {
        // A database keeps no id of a logged model with a version; MLflow's server finds none, either.
        const known = kind === "a server" ? {} : { modelId };
        const version = {
          version: 1,
          status: "READY",
          runId,
          source: `models:/${modelId}`,
          aliases: [ALIAS],
          ...known,
        };
        expect(seen[index]?.version, name).toMatchObject(version);
      }
    });

    it("also that which a recorded training has registered by itself", () => {
      const { predictions } = seen.at(-1) as PythonView;
      expect(largestOf(trainedHere, predictions["models:/trained/1"])).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
    });
  });
});
