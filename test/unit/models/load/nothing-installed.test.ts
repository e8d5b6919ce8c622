import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { expect, it, vi } from "vitest";
import { loadModel, saveModel } from "../../../../src/models/index.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import { addOnnx, denseModel } from "../../../support/small-models.ts";

// A program without onnxruntime-node and onnxruntime-web.
vi.mock("../../../../src/models/installed-runtimes.ts", () => ({ installedOnnxRuntime: async () => undefined }));

it("a model is saved for Python without being tried where no ONNX Runtime is installed", async () => {
  const { flavors, onnxCheck, mlmodel } = await saveModel(join(temporaryDirectory(), "model"), denseModel(), { tf });
  expect(flavors).toEqual(["tfjs", "onnx", "python_function"]);
  expect(onnxCheck).toBeUndefined();
  expect(mlmodel.metadata).toBeUndefined();
});

it("what is missing to load a model is said, of each form", async () => {
  const directory = join(temporaryDirectory(), "model");
  await saveModel(directory, denseModel(), { tf });
  await expect(loadModel(directory)).rejects.toMatchObject({
    code: "NOT_IMPLEMENTED",
    message: expect.stringMatching(/onnx needs ONNX Runtime: \{ ort \}.*; tfjs needs TensorFlow\.js: \{ tf \}/),
  });
  await expect(loadModel(directory, { flavor: "onnx", tf })).rejects.toMatchObject({
    message: expect.not.stringContaining("tfjs needs"),
  });
});

it("what is handed in is enough", async () => {
  const directory = join(temporaryDirectory(), "model");
  await saveModel(directory, addOnnx());
  await using model = await loadModel(directory, { ort });
  expect(await model.predict([[1, 1]])).toEqual([[2, 3]]);
});
