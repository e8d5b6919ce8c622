import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { describe, expect, it, vi } from "vitest";
import { type LoadedModel, loadModel, registerFlavor, saveModel } from "../../../../src/models/index.ts";
import { graphMessage, modelMessage, nodeMessage, valueMessage } from "../../../../src/onnx-export/onnx-messages.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import { modelDirectory } from "../../../support/model-directory.ts";
import { ADDED_BYTES, addOnnx, denseModel, graphModel } from "../../../support/small-models.ts";

async function saved(model: unknown, options: object = {}): Promise<string> {
  const directory = join(temporaryDirectory(), "model");
  await saveModel(directory, model, { tf, ort, ...options });
  return directory;
}

function moduleModel(source: string): { module: string } {
  const module = join(temporaryDirectory(), "model.mjs");
  writeFileSync(module, source);
  return { module };
}

async function flavorOf(directory: string, options: object): Promise<string> {
  await using model = await loadModel(directory, options);
  return model.flavor;
}

describe("the form that is loaded", () => {
  it("is the best for the runtimes that are handed in", async () => {
    const directory = await saved(denseModel());
    expect(await flavorOf(directory, { tf, ort })).toBe("onnx");
    expect(await flavorOf(directory, { ort })).toBe("onnx");
    expect(await flavorOf(directory, { tf })).toBe("tfjs");
    // The ONNX Runtime that is installed.
    expect(await flavorOf(directory, {})).toBe("onnx");
    expect(await flavorOf(directory, { tf, ort, flavor: "tfjs" })).toBe("tfjs");
  });

  it("is the code of the model where that may be run", async () => {
    const directory = await saved(moduleModel("export const predict = () => 'code';"), { onnx: addOnnx() });
    expect(await flavorOf(directory, { ort })).toBe("onnx");
    expect(await flavorOf(directory, { ort, allowCode: true })).toBe("javascript");
    await expect(loadModel(directory, { flavor: "javascript" })).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      message: expect.stringContaining("javascript needs the permission to run its code: { allowCode: true }"),
    });
  });

  it("is one that the model has, and that can be loaded here", async () => {
    const directory = await saved(denseModel(), { onnx: false });
    await expect(loadModel(directory, { flavor: "onnx" })).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: expect.stringContaining("tfjs"),
    });
    await expect(loadModel(directory)).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      message: expect.stringMatching(/has the flavors tfjs; tfjs needs TensorFlow\.js: \{ tf \}/),
    });
  });

  it("is not there in models of Python: which forms they have is said", async () => {
    const directory = modelDirectory({
      flavors: { python_function: { loader_module: "mlflow.sklearn" }, sklearn: {} },
    });
    await expect(loadModel(directory, { tf, ort })).rejects.toMatchObject({
      code: "NOT_IMPLEMENTED",
      message: `${directory} cannot be loaded here: it has the flavors python_function, sklearn; JavaScript has nothing that loads python_function, sklearn`,
      details: { flavors: ["python_function", "sklearn"] },
    });
    await expect(loadModel(directory, { flavor: "sklearn" })).rejects.toThrow(/nothing that loads sklearn$/);
    await expect(loadModel(modelDirectory({ flavors: {} }))).rejects.toThrow(/it has no flavors$/);
  });

  it("may be one that was plugged in, which comes first", async () => {
    class Line {
      readonly slope: number;
      constructor(slope: number) {
        this.slope = slope;
      }
    }
    /** With state of its own: `this` must hold. */
    class LineFlavor {
      readonly name = "line";
      readonly kind = Line;
      accepts(model: unknown) {
        return model instanceof this.kind;
      }
      async save(model: unknown, { directory }: { directory: string }) {
        writeFileSync(join(directory, "line.json"), String((model as Line).slope));
        return { config: { data: "line.json" }, onnx: () => addOnnx() };
      }
      missing() {
        return undefined;
      }
      async load({ directory, config }: { directory: string; config: Readonly<Record<string, unknown>> }) {
        expect([directory.length > 0, config]).toEqual([true, { data: "line.json" }]);
        const run = async (input: unknown) => (input as number[]).map((value) => value * 2);
        return { takes: "values" as const, native: 2, run, close: () => {} };
      }
    }
    registerFlavor(new LineFlavor());
    const directory = await saved(new Line(2));
    await using model = await loadModel(directory);
    expect([model.flavor, model.flavors]).toEqual(["line", ["line", "onnx", "python_function"]]);
    expect(await model.predict([1, 2])).toEqual([2, 4]);
  });

  it.each<[object, string]>([
    [{ name: "Line" }, "flavor.name"],
    [{ name: "python_function" }, "flavor.name"],
    [{ name: "line2", accepts: () => false }, "flavor.save"],
  ])("cannot be plugged in from %j", (flavor, argument) => {
    expect(() => registerFlavor(flavor as never)).toThrow(expect.objectContaining({ details: { argument } }));
  });
});

describe("a loaded model", () => {
  it("says what it is", async () => {
    const directory = await saved(denseModel(), { metadata: { owner: "ada" } });
    await using model = await loadModel(directory, { tf });
    expect(model).toMatchObject({ directory, flavor: "tfjs", modelId: undefined, runId: undefined });
    expect(model.metadata).toMatchObject({ owner: "ada" });
    expect(model.native).toBeInstanceOf(tf.LayersModel);
    expect(model.signature?.inputs).toHaveLength(1);
  });

  it.each(["onnx", "tfjs"])("answers in the terms of its caller: %s", async (flavor) => {
    const model = denseModel();
    await using loaded = await loadModel(await saved(model), { tf, ort, flavor });
    const name = model.outputNames[0] as string;
    const input = model.inputNames[0] as string;
    expect(await loaded.predict([[1, 2, 3, 4]])).toEqual([[10, 10]]);
    expect(await loaded.predict({ [input]: [[1, 2, 3, 4]] })).toEqual({ [name]: [[10, 10]] });
    await expect(loaded.predict([["a", "b", "c", "d"]])).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    await expect(loaded.predict([[1, 2, 3]])).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    await expect(loaded.predict(undefined as never)).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
  });

  it("leaves no tensors of TensorFlow.js behind", async () => {
    const [dense, graph] = [await saved(denseModel()), await saved(await graphModel(), { onnx: false })];
    const before = tf.memory().numTensors;
    for (const [directory, row] of [
      [dense, [1, 2, 3, 4]],
      [graph, [1, 2]],
    ] as const) {
      const model = await loadModel(directory, { tf });
      await model.predict([row] as never);
      await model.predict([row] as never);
      await model.close();
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it("is closed once, and answers no more then", async () => {
    const model = await loadModel(await saved(denseModel()), { ort });
    const release = vi.spyOn(model.native as ort.InferenceSession, "release");
    await Promise.all([model.close(), model.close()]);
    await model.close();
    expect(release).toHaveBeenCalledTimes(1);
    await expect(model.predict([[1, 2, 3, 4]])).rejects.toMatchObject({ code: "INVALID_STATE" });
  });

  it("disposes of what its module has loaded", async () => {
    const source = `globalThis.closed = 0;
      export const load = () => ({ [Symbol.asyncDispose]: async () => { globalThis.closed++; } });
      export const predict = () => { throw new Error("mine"); };`;
    const model = await loadModel(await saved(moduleModel(source)), { allowCode: true });
    await expect(model.predict([1])).rejects.toThrow("mine");
    await model.close();
    expect(Reflect.get(globalThis, "closed")).toBe(1);
  });

  it("stops waiting when its signal fires", async () => {
    const slow = moduleModel("export const predict = () => new Promise((done) => setTimeout(done, 60_000).unref());");
    await using model = await loadModel(await saved(slow), { allowCode: true });
    const abort = new AbortController();
    const answer = model.predict([1], { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(answer).rejects.toMatchObject({ code: "CANCELLED", cause: { message: "enough" } });
    await expect(model.predict([1], { signal: abort.signal })).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(loadModel(model.directory, { allowCode: true, signal: abort.signal })).rejects.toMatchObject({
      code: "CANCELLED",
    });
  });

  it("passes params on, and refuses others", async () => {
    const source = moduleModel("export const predict = (_, input, { params }) => params;");
    const directory = await saved(source, { inputExample: [1, 2], inferenceParams: { times: 2, name: "a" } });
    await using model = await loadModel(directory, { allowCode: true });
    expect(await model.predict([1, 2])).toEqual({ times: 2, name: "a" });
    expect(await model.predict([1, 2], { params: { times: 3 } })).toEqual({ times: 3, name: "a" });
    await expect(model.predict([1, 2], { params: { time: 3 } })).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
    });
  });

  it("says what the runtime says", async () => {
    await using model = await loadModel(await saved(denseModel()), { ort });
    vi.spyOn(model.native as ort.InferenceSession, "run").mockRejectedValue(new Error("out of memory"));
    await expect(model.predict([[1, 2, 3, 4]])).rejects.toMatchObject({
      code: "INTERNAL_ERROR",
      message: "the model cannot answer: out of memory",
    });
  });

  it.each<[string, unknown, unknown]>([
    ["a tensor", [[1, Number.NaN]], { x: [[1, Number.NaN]] }],
    ["rows", [{ a: 1, b: 2 }], [{ a: 1, b: 2 }]],
    ["one row", { a: 1, b: 2 }, [{ a: 1, b: 2 }]],
  ])("has the example it was saved with: %s", async (_, inputExample, expected) => {
    await using model = await loadModel(await saved(addOnnx(), { inputExample }), { ort });
    expect(await model.inputExample()).toEqual(expected);
    expect(await model.predict((await model.inputExample()) as never)).toBeDefined();
  });

  it("has an example without axes as a tensor of one value", async () => {
    const source = modelMessage({
      graph: graphMessage({
        name: "same",
        nodes: [nodeMessage("same", "Identity", ["x"], ["y"], {})],
        inputs: [valueMessage("x", "float32", [])],
        outputs: [valueMessage("y", "float32", [])],
      }),
      producerName: "tests",
      producerVersion: "1",
    });
    const inputExample = { data: [0.5], dims: [] };
    await using model = await loadModel(await saved(source.toBytes(), { inputExample }), { ort });
    const example = await model.inputExample();
    expect(example).toEqual({ x: inputExample });
    expect(await model.predict(example as never)).toMatchObject({ y: { data: Float32Array.of(0.5), dims: [] } });
  });

  it("has no example where none was saved", async () => {
    await using model: LoadedModel = await loadModel(await saved(addOnnx()), { ort });
    expect(await model.inputExample()).toBeUndefined();
  });

  it("is run by the web build too, with weights beside the model", async () => {
    const web = await import("onnxruntime-web");
    web.env.wasm.numThreads = 1;
    const source = join(temporaryDirectory(), "add.onnx");
    writeFileSync(source, addOnnx("weights.bin"));
    writeFileSync(join(source, "../weights.bin"), ADDED_BYTES);
    const sessionOptions = { graphOptimizationLevel: "basic" };
    await using model = await loadModel(await saved(source), { ort: web, sessionOptions });
    expect(await model.predict([[1, 1]])).toEqual([[2, 3]]);
    expect(sessionOptions).toEqual({ graphOptimizationLevel: "basic" });
  });
});

describe("what is not loaded", () => {
  it.each([undefined, "", 3, null])("is %s", async (source) => {
    await expect(loadModel(source as never)).rejects.toMatchObject({ details: { argument: "source" } });
  });

  it("is a place without a model", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "file"), "");
    for (const place of [directory, join(directory, "none"), join(directory, "file"), `file://${directory}`]) {
      await expect(loadModel(place)).rejects.toMatchObject({ code: "RESOURCE_DOES_NOT_EXIST" });
    }
    expect(readdirSync(directory)).toEqual(["file"]);
  });

  it.each<[string, object]>([
    ["ort", { ort: {} }],
    ["cache", { cache: { size: 3 } }],
    ["runtime", { runtime: "x" }],
  ])("is anything with bad options: %s", async (name, options) => {
    await expect(loadModel("./model", options)).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: expect.stringContaining(name),
    });
  });
});
