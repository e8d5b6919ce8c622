import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as ort from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/index.ts";
import { type LoadedModel, loadModel, type PredictInput } from "../../src/models/index.ts";
import { type MlflowServer, startMlflowServer } from "../support/mlflow-server.ts";
import { modelDirectory } from "../support/model-directory.ts";
import { largestOf, type Outputs, type PlainTensor, plainOutputs } from "../support/model-outputs.ts";
import { LARGEST_DIFFERENCE } from "../support/onnx-equality.ts";
import { shapedTensor } from "../support/peer-models.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";

/** Inputs or outputs as `log_onnx_models.py` writes them. A table has columns by name. */
interface PythonData {
  readonly tensor?: PlainTensor;
  readonly tensors?: Outputs;
  readonly rows?: Outputs;
}

/** What `log_onnx_models.py all` has made. */
interface PythonModels {
  readonly models: Readonly<Record<string, { readonly question: PythonData; readonly answer: PythonData }>>;
  /** Models that were logged, too. */
  readonly logged: readonly string[];
  /** Run by tracking URI. */
  readonly runs: Readonly<Record<string, string>>;
}

function inputOf({ tensor, tensors = {}, rows }: PythonData): PredictInput {
  if (tensor !== undefined) return shapedTensor(tensor);
  if (rows === undefined)
    return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [name, shapedTensor(value)]));
  const columns = Object.entries(rows).map(([name, { dtype, data }]) => [name, data.map(cellOf(dtype))] as const);
  return Array.from({ length: columns[0]?.[1].length ?? 0 }, (_, row) =>
    Object.fromEntries(columns.map(([name, cells]) => [name, cells[row]])),
  );
}

const cellOf = (dtype: string) => (value: unknown) => (dtype === "int64" ? BigInt(value as string) : value);

async function differenceFrom(model: LoadedModel, question: PythonData, answer: PythonData): Promise<number> {
  const theirs = answer.tensors ?? answer.rows ?? {};
  return largestOf(plainOutputs(await model.predict(inputOf(question)), Object.keys(theirs)[0]), theirs);
}

describe("a model of Python", () => {
  it("that has no ONNX form is refused, with what it has", async () => {
    const sklearn = { pickled_model: "model.pkl", serialization_format: "cloudpickle", sklearn_version: "1.9.1" };
    const python = { loader_module: "mlflow.sklearn", model_path: "model.pkl", python_version: "3.11.7" };
    const directory = modelDirectory({ flavors: { python_function: python, sklearn }, files: { "model.pkl": "" } });
    await expect(loadModel(directory, { ort })).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      message: expect.stringMatching(/has the flavors python_function, sklearn; JavaScript has nothing that loads/),
      details: { flavors: ["python_function", "sklearn"] },
    });
  });

  describe.skipIf(leftOut("python"))("that has one is loaded", () => {
    let server: MlflowServer;
    let made: PythonModels;
    const folder = mkdtempSync(join(tmpdir(), "tidemark-python-models-"));
    const mlruns = pathToFileURL(join(folder, "mlruns")).href;
    beforeAll(async () => {
      server = await startMlflowServer({});
      made = (await runPython("log_onnx_models.py", ["all", folder, server.address, mlruns], folder)) as PythonModels;
    });
    afterAll(async () => {
      rmSync(folder, { recursive: true, force: true });
      await server?.kill();
    });

    it("with a signature of any kind, and predicts what it did there", async () => {
      const differences: Record<string, number> = {};
      for (const [name, { question, answer }] of Object.entries(made.models)) {
        await using model = await loadModel(join(folder, name), { ort });
        differences[name] = await differenceFrom(model, question, answer);
      }
      expect(Object.entries(differences).filter(([, difference]) => !(difference <= LARGEST_DIFFERENCE))).toEqual([]);
      expect(Object.keys(differences).length).toBeGreaterThan(10);
    });

    it("with its example, which it takes", async () => {
      for (const [name, { question, answer }] of Object.entries(made.models)) {
        await using model = await loadModel(join(folder, name), { ort });
        const example = await model.inputExample();
        if (example === undefined) continue;
        const outputs = plainOutputs(await model.predict(example), Object.keys(answer.tensors ?? answer.rows ?? {})[0]);
        const theirs = question.rows === undefined ? answer.tensors : answer.rows;
        expect(largestOf(outputs, theirs), name).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
      }
    });

    it.each(["a server", "a directory"])("from %s, by the names it has there", async (kind) => {
      const uri = kind === "a server" ? server.address : mlruns;
      await using client = await connect(uri);
      for (const name of made.logged) {
        const { question, answer } = made.models[name] as PythonModels["models"][string];
        for (const source of [`models:/${name}/1`, `models:/${name}@champion`, `runs:/${made.runs[uri]}/${name}`]) {
          await using model = await loadModel(source, { client, ort, cache: false });
          expect(await differenceFrom(model, question, answer), source).toBeLessThanOrEqual(LARGEST_DIFFERENCE);
          expect(model).toMatchObject({ runId: made.runs[uri], modelId: expect.stringMatching(/^m-/) });
        }
      }
    });
  });
});
