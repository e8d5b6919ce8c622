import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LoadedModel, loadModel, saveModel } from "../../src/models/index.ts";
import { parseServingInput } from "../../src/models/serving/serving-input.ts";
import { formatServingOutput } from "../../src/models/serving/serving-output.ts";
import { runProgram, succeed } from "../support/child.ts";
import { freePort } from "../support/mlflow-server.ts";
import { largestOf, type Outputs, plainOutputs } from "../support/model-outputs.ts";
import { LARGEST_DIFFERENCE } from "../support/onnx-equality.ts";
import { peerModels } from "../support/peer-models.ts";
import { leftOut } from "../support/peers.ts";
import { repository } from "../support/repository.ts";
import { type ScoringServer, shellEnvironment, startScoringServer } from "../support/scoring-server.ts";

type ContentType = "json" | "csv";
type Requests = Readonly<Record<string, readonly (readonly [ContentType, string])[]>>;

const DOCUMENT = "examples/serve-with-python.md";
/** That the document names. */
const ITS_PORT = "5001";
/** The block that does not end. */
const SERVE = /^mlflow models serve /;

/** What a reader types, one block after the other. */
const blocks = [...readFileSync(join(repository, DOCUMENT), "utf8").matchAll(/^```sh\n(.*?)^```/gms)].map(
  ([, block = ""]) => block,
);

/** Requests that are answered, by what the model was saved with. */
const REQUESTS: Requests = {
  "named tensors": [
    ["json", '{"inputs": {"left": [[1, 2, 3.5]], "right": [[1, -1]]}}'],
    ["json", '{"instances": [{"left": [1, 2, 3], "right": [1, 0]}, {"left": [0, 0, 1], "right": [2, 2]}]}'],
    ["json", '{"dataframe_split": {"columns": ["left", "right"], "data": [[[1, 2, 3], [1, 0]]]}}'],
    ["json", '{"dataframe_records": [{"left": [1, 2, 3], "right": [1, 0]}]}'],
  ],
  columns: [
    [
      "json",
      '{"inputs": {"sepal_length": [5.1, 6.3], "sepal_width": [3.5, 3.3], "petal_length": [1.4, 6.5], "petal_width": [0.2, 2.5]}}',
    ],
    ["json", '{"instances": [{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}]}'],
    [
      "json",
      '{"dataframe_split": {"columns": ["sepal_width", "sepal_length", "petal_length", "petal_width"], "data": [[3.5, 5.1, 1.4, 0.2]]}}',
    ],
    [
      "json",
      '{"dataframe_records": [{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2, "more": "left out"}]}',
    ],
    ["csv", "sepal_length,sepal_width,petal_length,petal_width\n5.1,3.5,1.4,0.2\n6.3,3.3,6.5,2.5\n"],
  ],
};

/** Requests that are refused. */
const BAD_REQUESTS: Requests = {
  "named tensors": [
    ["json", '{"inputs": {"left": [[1, 2, 3]]}}'],
    ["json", '{"inputs": {"left": [[1, 2]], "right": [[1, 0]]}}'],
    ["json", '{"inputs": {"left": [["a", "b", "c"]], "right": [[1, 0]]}}'],
    ["json", '{"inputs": [[1, 2, 3]]}'],
    ["json", '{"inputs": [1], "instances": [1]}'],
    ["json", '{"left": [[1, 2, 3]]}'],
    ["json", '{"inputs": '],
  ],
  columns: [
    ["json", '{"dataframe_records": [{"sepal_length": 5.1}]}'],
    [
      "json",
      '{"dataframe_split": {"columns": ["sepal_length", "sepal_width", "petal_length", "petal_width"], "data": [["wide", 3.5, 1.4, 0.2]]}}',
    ],
    ["json", '{"dataframe_split": {"columns": ["sepal_length"], "data": [[1, 2]]}}'],
    ["csv", "sepal_length\n5.1\n"],
  ],
};

/** As JSON of either side has it: an answer of rows is a table, in which MLflow gives each value a row. */
const predictionsIn = (text: string): Outputs => plainOutputs(JSON.parse(text).predictions);

/** Without the shapes: tensors are tensors there, where rows were asked for. */
const valuesOf = (outputs: Outputs): Outputs =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, { dtype: "unknown", shape: [], data }]));

describe.skipIf(leftOut("python"))("MLflow's server for predictions", () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-serve-"));
  const servers: ScoringServer[] = [];
  const models: LoadedModel[] = [];
  let ports: number[];
  const at = (kind: string) => (kind === "columns" ? 0 : 1);

  beforeAll(async () => {
    ports = [await freePort(), await freePort()];
    // The document's programs and ours, as if its reader stood in a clone.
    symlinkSync(join(repository, "examples"), join(folder, "examples"));
    const [save = "", serve = ""] = blocks;
    await succeed("bash", ["-ec", save], { cwd: folder, env: shellEnvironment() });
    const { "two of each": pair } = await peerModels();
    await saveModel(join(folder, "pair"), pair?.model, { tf, ort, inputExample: pair?.inputExample });
    const second = `mlflow models serve --model-uri ./pair --env-manager local --port ${ports[1]}`;
    servers.push(
      ...(await Promise.all([
        startScoringServer(serve.replace(ITS_PORT, String(ports[0])), folder, ports[0] as number),
        startScoringServer(second, folder, ports[1] as number),
      ])),
    );
    for (const name of ["irises", "pair"]) models.push(await loadModel(join(folder, name), { ort }));
  });
  afterAll(async () => {
    await Promise.all([...servers.map((server) => server.kill()), ...models.map((model) => model.close())]);
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (kind: string, type: ContentType, body: string) =>
    await (servers[at(kind)] as ScoringServer).ask(type, body);

  async function predict(kind: string, type: ContentType, body: string): Promise<string> {
    const model = models[at(kind)] as LoadedModel;
    const { input, params } = parseServingInput(type, body, model.signature);
    return formatServingOutput(await model.predict(input, { params }));
  }

  it("is started by the commands of the example, whose requests it answers", async () => {
    const [, serve, ...requests] = blocks;
    expect(serve).toMatch(SERVE);
    expect(requests.length).toBeGreaterThan(0);
    for (const request of requests) {
      const command = request.replaceAll(ITS_PORT, String(ports[0]));
      expect(command).toContain(`http://127.0.0.1:${ports[0]}/invocations`);
      const { code, stdout, stderr } = await runProgram("bash", ["-ec", command], { cwd: folder });
      expect(code, stderr).toBe(0);
      const { species } = predictionsIn(stdout);
      // The first flower is a setosa.
      expect(species?.data[0], stdout).toBeGreaterThan(0.9);
    }
  });

  describe.each(Object.entries(REQUESTS))("of a model with %s", (kind, requests) => {
    it.each(requests)("answers %s %s as predict does", async (type, body) => {
      const { status, text } = await ask(kind, type, body);
      expect(status, text).toBe(200);
      const ours = predictionsIn(await predict(kind, type, body));
      const difference = largestOf(valuesOf(ours), valuesOf(predictionsIn(text)));
      expect(difference, text).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
    });
  });

  describe.each(Object.entries(BAD_REQUESTS))("of a model with %s", (kind, requests) => {
    it.each(requests)("refuses %s %s, as we do", async (type, body) => {
      const { status, text } = await ask(kind, type, body);
      expect(status, text).toBe(400);
      await expect(predict(kind, type, body)).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    });
  });
});
