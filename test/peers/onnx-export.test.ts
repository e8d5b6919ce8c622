import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { PYTHON_VERSIONS } from "../../src/mlmodel/python-versions.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { allCases } from "../support/onnx-cases/all.ts";
import { comparisonOf, LARGEST_DIFFERENCE } from "../support/onnx-equality.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";

const FEWEST_MODELS = 150;

interface Answer {
  readonly onnx: string;
  readonly onnxruntime: string;
  readonly models: Readonly<Record<string, { readonly difference?: number; readonly error?: string }>>;
}

const asJson = (tensor: tf.Tensor) => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  data: Array.from(tensor.dataSync()),
});

describe.skipIf(leftOut("python"))("Python's onnx and onnxruntime", () => {
  it("accept every exported model, and answer what TensorFlow.js does", async () => {
    const folder = temporaryDirectory();
    expect(allCases.length).toBeGreaterThanOrEqual(FEWEST_MODELS);
    for (const [index, [, model, options]] of allCases.entries()) {
      const { bytes, inputNames, inputs, outputs } = comparisonOf(model(), options);
      writeFileSync(join(folder, `${index}.onnx`), bytes);
      const named = inputNames.map((name, i) => [name, asJson(inputs[i] as tf.Tensor)]);
      const comparison = { inputs: Object.fromEntries(named), outputs: outputs.map(asJson) };
      writeFileSync(join(folder, `${index}.json`), JSON.stringify(comparison));
    }
    const { models, ...versions } = (await runPython("onnx_models.py", [folder], folder)) as Answer;
    // The versions that a model's requirements name are those that this was seen with.
    expect(versions).toEqual({ onnx: PYTHON_VERSIONS.onnx, onnxruntime: PYTHON_VERSIONS.onnxruntime });
    const wrong = allCases.flatMap(([name], index) => {
      const { difference = Number.POSITIVE_INFINITY, error } = models[index] ?? { error: "no answer" };
      return difference <= LARGEST_DIFFERENCE ? [] : [`${name}: ${error ?? difference}`];
    });
    expect(wrong).toEqual([]);
  });
});
