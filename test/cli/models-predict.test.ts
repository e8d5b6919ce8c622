import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { beforeEach, describe, expect, it } from "vitest";
import { saveModel } from "../../src/models/index.ts";
import { tidemark, tidemarkWithInput } from "../support/command-line.ts";
import { temporaryDirectory } from "../support/mlruns.ts";

let folder: string;
let mlruns: string;

beforeEach(async () => {
  folder = temporaryDirectory();
  mlruns = join(folder, "mlruns");
  mkdirSync(mlruns);
});

/** Adds its two columns. */
async function saveSum(): Promise<string> {
  const sum = tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: "ones", name: "sum" });
  const directory = join(folder, "sum");
  await saveModel(directory, tf.sequential({ layers: [sum] }), { tf, inputExample: [{ a: 1.5, b: 2.5 }] });
  return directory;
}

const predict = (...args: readonly string[]) => tidemark(mlruns, "models", "predict", ...args);

describe("models predict", () => {
  it("reads JSON in the forms of MLflow's servers, and CSV", async () => {
    const directory = await saveSum();
    const rows = { code: 0, stderr: "", stdout: '{"predictions": [{"sum": 3}, {"sum": 7.5}]}\n' };
    const json = join(folder, "rows.json");
    writeFileSync(json, '{"dataframe_split": {"columns": ["b", "a"], "data": [[1, 2], [3.5, 4]]}}');
    expect(await predict(directory, "--input", json)).toMatchObject(rows);
    const csv = join(folder, "rows.csv");
    writeFileSync(csv, "a,b\n1,2\n4,3.5\n");
    expect(await predict(directory, "-i", csv)).toMatchObject(rows);
    const fromStdin = ["models", "predict", directory, "--type", "csv"];
    expect(await tidemarkWithInput(mlruns, "a,b\n1,2\n4,3.5\n", ...fromStdin)).toMatchObject(rows);
  });

  it("says which field is wrong, and what the model has", async () => {
    const directory = await saveSum();
    const file = join(folder, "wrong.json");
    writeFileSync(file, '{"dataframe_records": [{"a": 1, "b": "x"}]}');
    expect(await predict(directory, "-i", file)).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/b: .*double/),
    });
    expect(await predict(directory, "-i", join(folder, "missing.json"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("--input"),
    });
    expect(await predict(directory, "-i", file, "--flavor", "sklearn")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("a flavor of the model: onnx, python_function, tfjs"),
    });
  });

  it("runs code of a model only where that is allowed", async () => {
    const module = join(folder, "twice.mjs");
    writeFileSync(module, "export const predict = (_, input) => input.map((value) => 2 * value);\n");
    const directory = join(folder, "twice");
    await saveModel(directory, { module });
    const file = join(folder, "list.json");
    writeFileSync(file, '{"inputs": [1, 2.5]}');
    expect(await predict(directory, "-i", file)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("allowCode"),
    });
    expect(await predict(directory, "-i", file, "--allow-code")).toMatchObject({
      code: 0,
      stdout: '{"predictions": [2, 5]}\n',
    });
  });
});
