import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { inferSignature, loadModel, readMlmodel, saveModel, signatureFromZod } from "../../../../src/models/index.ts";
import type { LayerCall } from "../../../../src/onnx-export/index.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import {
  ADDED_BYTES,
  addOnnx,
  customModel,
  denseModel,
  filesOf,
  graphModel,
  twoByTwoModel,
} from "../../../support/small-models.ts";
import { warnings } from "../../../support/warnings.ts";

const PYTHON_FILES = ["conda.yaml", "python_env.yaml", "requirements.txt"];
const TFJS_FILES = ["tfjs/group1-shard1of1.bin", "tfjs/model.json"];

const place = () => join(temporaryDirectory(), "model");
const text = (directory: string, file: string) => readFileSync(join(directory, file), "utf8");
const moduleFile = (source: string, name = "model.mjs") => {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, source);
  return path;
};
const ECHO = "export const predict = (_, input) => input;\n";

describe("a layers model", () => {
  it("is saved in every form, with all that Python needs", async () => {
    const model = denseModel();
    const directory = place();
    const saved = await saveModel(directory, model, { tf, ort, inputExample: [[1, 2, 3, 4]] });
    const [input, output] = [model.inputNames[0], model.outputNames[0]] as [string, string];
    expect(saved).toMatchObject({ directory, flavors: ["tfjs", "onnx", "python_function"], warnings: [] });
    expect(saved.onnxCheck).toMatchObject({ checkedOn: "input example" });
    expect(filesOf(directory)).toEqual(
      [
        "MLmodel",
        "input_example.json",
        "model.onnx",
        "package.json",
        ...PYTHON_FILES,
        "serving_input_example.json",
        ...TFJS_FILES,
      ].sort(),
    );
    const spec = (name: string, columns: number) =>
      JSON.stringify([{ name, type: "tensor", "tensor-spec": { dtype: "float32", shape: [-1, columns] } }])
        .replaceAll('":', '": ')
        .replaceAll(",", ", ");
    expect(readMlmodel(directory)).toEqual({
      flavors: {
        tfjs: { data: "tfjs", format: "layers-model", includes_optimizer: false, tfjs_version: "4.22.0" },
        onnx: {
          code: null,
          data: "model.onnx",
          onnx_session_options: null,
          onnx_version: expect.any(String),
          providers: ["CPUExecutionProvider"],
        },
        python_function: {
          data: "model.onnx",
          env: { conda: "conda.yaml", virtualenv: "python_env.yaml" },
          loader_module: "mlflow.onnx",
          python_version: expect.any(String),
        },
      },
      is_signature_from_type_hint: false,
      type_hint_from_example: false,
      metadata: { "tidemark.onnxDifference": saved.onnxCheck?.difference, "tidemark.onnxCheckedOn": "input example" },
      mlflow_version: expect.any(String),
      model_id: null,
      model_size_bytes: expect.any(Number),
      model_uuid: expect.stringMatching(/^[0-9a-f]{32}$/),
      prompts: null,
      saved_input_example_info: {
        artifact_path: "input_example.json",
        serving_input_path: "serving_input_example.json",
        type: "ndarray",
      },
      signature: { inputs: spec(input, 4), outputs: spec(output, 2), params: null },
      utc_time_created: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
    });
    expect(JSON.parse(text(directory, "input_example.json"))).toEqual({ [input]: [[1, 2, 3, 4]] });
    expect(JSON.parse(text(directory, "package.json")).dependencies).toEqual({
      "@tensorflow/tfjs": "4.22.0",
      "onnxruntime-node": ort.env.versions.node,
    });
  });

  it("is tried by the ONNX Runtime that is installed, on inputs that are made up", async () => {
    const { onnxCheck } = await saveModel(place(), denseModel(), { tf });
    expect(onnxCheck).toMatchObject({ checkedOn: "generated inputs" });
    expect(onnxCheck?.difference).toBeLessThan(1e-6);
  });

  it("is not tried where TensorFlow.js is not handed in", async () => {
    const saved = await saveModel(place(), denseModel());
    expect(saved.onnxCheck).toBeUndefined();
    expect(saved.flavors).toContain("python_function");
    expect(saved.mlmodel.metadata).toBeUndefined();
  });

  it("may have several inputs and outputs, and layers that are used twice", async () => {
    const directory = place();
    const model = twoByTwoModel();
    const { onnxCheck, signature } = await saveModel(directory, model, { tf, ort });
    expect(onnxCheck?.difference).toBeLessThan(1e-5);
    expect(signature?.inputs).toHaveLength(2);
    const inputs = Object.fromEntries(model.inputNames.map((name) => [name, [[1, 2, 3]]]));
    const [onnx, tfjs] = [await loadModel(directory, { ort }), await loadModel(directory, { tf })];
    const [a, b] = (await Promise.all([onnx.predict(inputs), tfjs.predict(inputs)])) as Record<string, number[][]>[];
    expect(Object.keys(a as object)).toEqual(Object.keys(b as object));
    for (const [name, rows] of Object.entries(a as object)) {
      for (const [i, value] of rows[0].entries()) expect(value).toBeCloseTo(b?.[name]?.[0]?.[i] as number, 5);
    }
    await Promise.all([onnx.close(), tfjs.close()]);
  });

  it.each<[string, () => tf.LayersModel]>([
    ["words", () => tf.sequential({ layers: [tf.layers.embedding({ inputDim: 5, outputDim: 3, inputLength: 4 })] })],
    [
      "images of any size",
      () =>
        tf.sequential({
          layers: [
            tf.layers.conv2d({ inputShape: [null, null, 3] as never, filters: 2, kernelSize: 17 }),
            tf.layers.globalAveragePooling2d({}),
          ],
        }),
    ],
  ])("of %s is tried on inputs that it understands", async (_, model) => {
    const { onnxCheck, flavors, warnings: problems } = await saveModel(place(), model(), { tf, ort });
    expect(problems).toEqual([]);
    expect(onnxCheck).toMatchObject({ checkedOn: "generated inputs" });
    expect(flavors).toContain("python_function");
  });

  it("keeps the state of its optimizer where that is asked for, and trains on", async () => {
    const model = denseModel();
    model.compile({ optimizer: tf.train.adam(0.1), loss: "meanSquaredError" });
    const [x, y] = [tf.ones([8, 4]), tf.zeros([8, 2])];
    await model.fit(x, y, { epochs: 2, verbose: 0 });
    const directory = place();
    const { mlmodel } = await saveModel(directory, model, { tf, includeOptimizer: true });
    expect(mlmodel.flavors.tfjs).toMatchObject({ includes_optimizer: true });
    const loaded = await loadModel(directory, { tf });
    const again = loaded.native as tf.LayersModel;
    const [before] = (await model.fit(x, y, { epochs: 1, verbose: 0 })).history.loss as number[];
    const [after] = (await again.fit(x, y, { epochs: 1, verbose: 0 })).history.loss as number[];
    expect(after).toBeCloseTo(before as number, 5);
    expect(again.optimizer.iterations).toBe(model.optimizer.iterations);
    await loaded.close();
  });
});

describe("an ONNX form that is not to be had", () => {
  const convLstm = () =>
    tf.sequential({ layers: [tf.layers.convLstm2d({ inputShape: [2, 4, 4, 1], filters: 1, kernelSize: 2 } as never)] });

  it.each<[string, () => unknown, RegExp]>([
    ["ConvLSTM2D", convLstm, /ConvLSTM2D/],
    ["a layer of one's own", customModel, /Doubling/],
    ["a graph", graphModel, /graph models/],
  ])("of %s is warned of, and the model is saved", async (_, make, reason) => {
    const said = warnings();
    const directory = place();
    const model = await make();
    const saved = await saveModel(directory, model, { tf, ort });
    expect(saved.flavors).toEqual(["tfjs"]);
    expect(saved.warnings.map((warning) => `tidemark: ${warning}`)).toEqual(said);
    expect(said).toEqual([expect.stringMatching(reason)]);
    expect(filesOf(directory)).toEqual(["MLmodel", "package.json", ...TFJS_FILES]);
    const parent = temporaryDirectory();
    const strict = saveModel(join(parent, "model"), model, { tf, ort, strict: true });
    await expect(strict).rejects.toMatchObject({ message: expect.stringMatching(reason) });
    expect(readdirSync(parent)).toEqual([]);
    expect((await saveModel(join(parent, "model"), model, { tf, ort, strict: true, onnx: false })).warnings).toEqual(
      [],
    );
  });

  it("of a layer of one's own is had with a function that writes it", async () => {
    const layers = {
      Doubling: ({ graph, inputs: [x] }: LayerCall) => graph.op("Mul", [x?.name ?? "", graph.scalar("two", 2)]),
    };
    const saved = await saveModel(place(), customModel(), { tf, ort, layers });
    expect(saved.flavors).toEqual(["tfjs", "onnx", "python_function"]);
    expect(saved.onnxCheck?.difference).toBe(0);
  });

  /** ONNX Runtime that is a little off. */
  const shifted = (by: number) => ({
    ...ort,
    InferenceSession: {
      create: async (...args: Parameters<typeof ort.InferenceSession.create>) => {
        const session = await ort.InferenceSession.create(...args);
        return {
          inputNames: session.inputNames,
          outputNames: session.outputNames,
          inputMetadata: session.inputMetadata,
          outputMetadata: session.outputMetadata,
          release: () => session.release(),
          run: async (feeds: Record<string, ort.Tensor>) => {
            const answers = await session.run(feeds);
            const off = Object.entries(answers).map(([name, { data, dims }]) => {
              const largest = Math.max(...(data as Float32Array).map(Math.abs));
              return [
                name,
                { type: "float32", dims, data: (data as Float32Array).map((value) => value + by * largest) },
              ];
            });
            return Object.fromEntries(off);
          },
        };
      },
    },
  });

  it("answers otherwise than the model: it is taken away again", async () => {
    const said = warnings();
    const directory = place();
    const saved = await saveModel(directory, denseModel(), { tf, ort: shifted(2e-5) as never });
    expect(saved).toMatchObject({ flavors: ["tfjs"], onnxCheck: undefined });
    expect(said).toEqual([expect.stringMatching(/answers otherwise on generated inputs: by 2\.0e-5/)]);
    expect(existsSync(join(directory, "model.onnx"))).toBe(false);
    const parent = temporaryDirectory();
    const strict = saveModel(join(parent, "model"), denseModel(), { tf, ort: shifted(2e-5) as never, strict: true });
    await expect(strict).rejects.toMatchObject({ code: "INTERNAL_ERROR" });
    expect(readdirSync(parent)).toEqual([]);
    const near = await saveModel(place(), denseModel(), { tf, ort: shifted(5e-6) as never, strict: true });
    expect(near.onnxCheck?.difference).toBeGreaterThan(4e-6);
  });

  it("is asked for with strict, of a module", async () => {
    const model = { module: moduleFile(ECHO) };
    await expect(saveModel(place(), model, { strict: true })).rejects.toThrow(/without an ONNX form/);
    expect((await saveModel(place(), model, { strict: true, onnx: addOnnx() })).flavors).toContain("python_function");
  });
});

describe("an ONNX model", () => {
  it.each<[string, () => unknown]>([
    ["bytes", addOnnx],
    ["an ArrayBuffer", () => addOnnx().buffer],
    [
      "a path",
      () => {
        const path = join(temporaryDirectory(), "add.onnx");
        writeFileSync(path, addOnnx());
        return path;
      },
    ],
  ])("is saved from %s, byte by byte", async (_, model) => {
    const directory = place();
    const { flavors, signature } = await saveModel(directory, model());
    expect(flavors).toEqual(["onnx", "python_function"]);
    expect(signature?.inputs).toEqual([
      { name: "x", type: "tensor", "tensor-spec": { dtype: "float32", shape: [-1, 2] } },
    ]);
    expect(filesOf(directory)).toEqual([
      "MLmodel",
      "conda.yaml",
      "model.onnx",
      "package.json",
      "python_env.yaml",
      "requirements.txt",
    ]);
    expect(new Uint8Array(readFileSync(join(directory, "model.onnx")))).toEqual(addOnnx());
  });

  it.each(["weights.bin", "add.onnx.data", "parts/1"])("brings its weights along from %s", async (file) => {
    const folder = temporaryDirectory();
    const source = join(folder, "add.onnx");
    writeFileSync(source, addOnnx(file));
    mkdirSync(join(folder, "parts"));
    writeFileSync(join(folder, file), ADDED_BYTES);
    const directory = place();
    await saveModel(directory, source);
    expect(filesOf(directory)).toContain(file);
    const model = await loadModel(directory, { ort });
    expect(await model.predict([[1, 1]])).toEqual([[2, 3]]);
    await model.close();
  });

  it.each<[string, () => unknown, RegExp]>([
    ["bytes without their weights", () => addOnnx("weights.bin"), /weights in weights\.bin.*path/],
    ["no ONNX", () => new TextEncoder().encode("not a model"), /no ONNX model/],
    ["nothing", () => new Uint8Array(), /no ONNX model/],
    ["a missing file", () => join(temporaryDirectory(), "x.onnx"), /is there/],
    [
      "a directory",
      () => {
        const path = join(temporaryDirectory(), "x.onnx");
        mkdirSync(path);
        return path;
      },
      /is there/,
    ],
    ["missing weights", () => moduleFile(Buffer.from(addOnnx("w.bin")) as never, "x.onnx"), /w\.bin/],
    ["weights elsewhere", () => moduleFile(Buffer.from(addOnnx("../w.bin")) as never, "x.onnx"), /"\.\." segment/],
  ])("that is %s is refused, and leaves nothing", async (_, model, message) => {
    const parent = temporaryDirectory();
    const attempt = saveModel(join(parent, "deep/model"), model());
    await expect(attempt).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: expect.stringMatching(message),
    });
    expect(readdirSync(parent)).toEqual([]);
  });

  it("takes no second ONNX model beside it, and no Python form where none is wanted", async () => {
    await expect(saveModel(place(), addOnnx(), { onnx: addOnnx() })).rejects.toThrow(/onnx/);
    expect((await saveModel(place(), addOnnx(), { onnx: false })).flavors).toEqual(["onnx"]);
  });
});

describe("a graph model", () => {
  it("is saved in TensorFlow.js's files, and with an ONNX form that is handed in", async () => {
    const directory = place();
    const { flavors, mlmodel } = await saveModel(directory, await graphModel(), { tf, onnx: addOnnx() });
    expect(flavors).toEqual(["tfjs", "onnx", "python_function"]);
    expect(mlmodel.flavors.tfjs).toMatchObject({ format: "graph-model" });
    const model = await loadModel(directory, { tf });
    expect(await model.predict([[1, 1]])).toEqual([[2, 3]]);
    await model.close();
  });
});

describe("a module", () => {
  it("is copied with its code and artifacts", async () => {
    const folder = temporaryDirectory();
    mkdirSync(join(folder, "lib"));
    writeFileSync(join(folder, "lib/scale.mjs"), "export const scale = 3;\n");
    writeFileSync(join(folder, "words.json"), '["a"]');
    writeFileSync(
      join(folder, "model.mjs"),
      `import { readFileSync } from "node:fs";
       import { scale } from "./lib/scale.mjs";
       export const load = ({ artifacts }) => JSON.parse(readFileSync(artifacts.words, "utf8"));
       export const predict = (words, input, { params }) => ({ words, values: input.map((value) => value * scale * (params.times ?? 1)) });`,
    );
    const directory = place();
    const model = {
      module: join(folder, "model.mjs"),
      code: [join(folder, "lib")],
      artifacts: { words: join(folder, "words.json") },
      dependencies: { zod: "4.0.0" },
    };
    const saved = await saveModel(directory, model, { dependencies: { "left-pad": "1.3.0" } });
    expect(saved).toMatchObject({ flavors: ["javascript"], signature: undefined, warnings: [] });
    expect(saved.mlmodel.flavors.javascript).toEqual({
      data: "javascript",
      module: "model.mjs",
      artifacts: { words: "artifacts/words.json" },
    });
    expect(filesOf(directory)).toEqual([
      "MLmodel",
      "javascript/artifacts/words.json",
      "javascript/lib/scale.mjs",
      "javascript/model.mjs",
      "package.json",
    ]);
    expect(JSON.parse(text(directory, "package.json")).dependencies).toEqual({ "left-pad": "1.3.0", zod: "4.0.0" });
    const loaded = await loadModel(directory, { allowCode: true });
    expect(await loaded.predict([1, 2])).toEqual({ words: ["a"], values: [3, 6] });
    await loaded.close();
  });

  it.each<[string, (folder: string) => object, RegExp]>([
    ["of another kind", () => ({ module: "model.py" }), /model\.module/],
    ["that is missing", (folder) => ({ module: join(folder, "no.mjs") }), /model\.module.*is there/],
    [
      "with code that is missing",
      (folder) => ({ module: moduleFile(ECHO), code: [join(folder, "no")] }),
      /model\.code/,
    ],
    [
      "with two files of one name",
      () => ({ module: moduleFile(ECHO), code: [moduleFile(ECHO, "Model.mjs")] }),
      /model\.code/,
    ],
    [
      "with code that hides the artifacts",
      (folder) => ({ module: moduleFile(ECHO), code: [join(folder, "artifacts")] }),
      /model\.code/,
    ],
    ["with all there is", () => ({ module: moduleFile(ECHO), code: ["/"] }), /model\.code/],
    ["with options that there are not", () => ({ module: moduleFile(ECHO), file: "x" }), /file/],
  ])("%s is refused, and leaves nothing", async (_, model, message) => {
    const parent = temporaryDirectory();
    await expect(saveModel(join(parent, "model"), model(temporaryDirectory()))).rejects.toMatchObject({
      code: "INVALID_PARAMETER_VALUE",
      message: expect.stringMatching(message),
    });
    expect(readdirSync(parent)).toEqual([]);
  });
});

describe("what is said of a model", () => {
  const input = { name: "x", type: "tensor", "tensor-spec": { dtype: "float32", shape: [-1, 2] } } as const;

  it("is the caller's signature, or none", async () => {
    const signature = { inputs: [{ ...input, "tensor-spec": { dtype: "float32", shape: [4, 2] } }] } as const;
    expect((await saveModel(place(), addOnnx(), { signature: signature as never })).signature).toEqual(signature);
    const none = await saveModel(place(), addOnnx(), { signature: false });
    expect(none.signature).toBeUndefined();
    expect(none.mlmodel.signature).toBeUndefined();
  });

  it("is columns where the example is rows, with fractions where the model takes them", async () => {
    const { signature, mlmodel } = await saveModel(place(), addOnnx(), { inputExample: [{ a: 1, b: 2.5 }] });
    expect(signature?.inputs).toEqual([
      { name: "a", type: "double", required: true },
      { name: "b", type: "double", required: true },
    ]);
    expect(mlmodel.saved_input_example_info).toMatchObject({ type: "dataframe" });
  });

  it("comes from zod, and from an example of a module", async () => {
    const fromZod = signatureFromZod(z.object({ age: z.number() }));
    expect((await saveModel(place(), addOnnx(), { signature: fromZod })).signature).toEqual(fromZod);
    const rows = [{ age: 3, name: "a" }];
    const saved = await saveModel(place(), { module: moduleFile(ECHO) }, { inputExample: rows });
    expect(saved.signature).toEqual(inferSignature(rows));
  });

  it("has the params of inference, also beside a signature without any", async () => {
    const params = { threshold: 0.5 };
    const expected = [{ name: "threshold", type: "double", default: 0.5 }];
    const inferred = await saveModel(place(), addOnnx(), { inferenceParams: params });
    expect(inferred.signature?.params).toMatchObject(expected);
    const given = await saveModel(place(), addOnnx(), {
      inferenceParams: params,
      signature: { inputs: [input] } as never,
    });
    expect(given.signature).toMatchObject({ inputs: [input], params: expected });
    for (const signature of [false as const, given.signature]) {
      const attempt = saveModel(place(), addOnnx(), { inferenceParams: params, signature });
      await expect(attempt).rejects.toMatchObject({ details: { argument: "inferenceParams" } });
    }
  });

  it("may be an example in tensors of TensorFlow.js", async () => {
    const directory = place();
    const { signature } = await saveModel(directory, addOnnx(), { inputExample: tf.tensor2d([[1, 2]]) as never });
    expect(signature?.inputs).toEqual([input]);
    expect(JSON.parse(text(directory, "input_example.json"))).toEqual({ x: [[1, 2]] });
    const other = place();
    await saveModel(
      other,
      { module: moduleFile(ECHO) },
      { inputExample: { ok: tf.tensor([true], [1], "bool") } as never },
    );
    expect(JSON.parse(text(other, "input_example.json"))).toEqual({ ok: [true] });
  });

  it("is metadata, and what a Python is told to install", async () => {
    const directory = place();
    const { mlmodel } = await saveModel(directory, addOnnx(), {
      metadata: { owner: "ada", nested: { list: [1, null] } },
      python: { python: "3.12.1", requirements: ["pandas==2.2.0"] },
    });
    expect(mlmodel.metadata).toEqual({ owner: "ada", nested: { list: [1, null] } });
    expect(readMlmodel(directory).metadata).toEqual(mlmodel.metadata);
    expect(text(directory, "requirements.txt")).toContain("pandas==2.2.0");
    expect(mlmodel.flavors.python_function).toMatchObject({ python_version: "3.12.1" });
  });

  it.each<[string, object]>([
    ["an example that the model does not take", { inputExample: [[1, 2, 3]] }],
    ["metadata without a form", { metadata: { run: () => 1 } }],
    ["options that there are not", { inputExamples: [[1, 2]] }],
    ["what is no TensorFlow.js", { tf: {} }],
    ["a package without an exact version", { dependencies: { zod: "^4" } }],
  ])("is refused where it is %s, and leaves nothing", async (_, options) => {
    const parent = temporaryDirectory();
    const attempt = saveModel(join(parent, "model"), addOnnx(), options);
    await expect(attempt).rejects.toMatchObject({ code: "INVALID_PARAMETER_VALUE" });
    expect(readdirSync(parent)).toEqual([]);
  });
});

describe("the place of a model", () => {
  it("is taken from a model where that is allowed, and from nothing else", async () => {
    const parent = temporaryDirectory();
    const directory = join(parent, "model");
    await saveModel(directory, addOnnx());
    await expect(saveModel(directory, denseModel())).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
    expect(readMlmodel(directory).flavors.tfjs).toBeUndefined();
    await saveModel(directory, denseModel(), { overwrite: true });
    expect(readMlmodel(directory).flavors.tfjs).toBeDefined();
    writeFileSync(join(parent, "thesis.txt"), "mine");
    const over = saveModel(parent, addOnnx(), { overwrite: true });
    await expect(over).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
    expect(readdirSync(parent).sort()).toEqual(["model", "thesis.txt"]);
  });

  it("keeps the old model where the new one fails", async () => {
    const parent = temporaryDirectory();
    const directory = join(parent, "model");
    const { mlmodel } = await saveModel(directory, addOnnx());
    await expect(saveModel(directory, new Uint8Array(3), { overwrite: true })).rejects.toThrow();
    expect(readMlmodel(directory).model_uuid).toBe(mlmodel.model_uuid);
    expect(readdirSync(parent)).toEqual(["model"]);
  });

  it.each([undefined, "", 3])("is no %s", async (directory) => {
    await expect(saveModel(directory as never, addOnnx())).rejects.toMatchObject({
      details: { argument: "directory" },
    });
  });

  it.each([undefined, null, {}, "model.bin", () => 1, [1]])("is for models: %s is none", async (model) => {
    await expect(saveModel(place(), model)).rejects.toMatchObject({ details: { argument: "model" } });
  });

  it.skipIf(!existsSync("/dev/full"))("is on a full disk: that is said, and nothing is left", async () => {
    const folder = temporaryDirectory();
    const full = { module: join(folder, "model.mjs"), code: [join(folder, "data.bin")] };
    writeFileSync(full.module, ECHO);
    symlinkSync("/dev/full", join(folder, "data.bin"));
    const { registerFlavor } = await import("../../../../src/models/index.ts");
    class OnFullDisk {}
    registerFlavor({
      name: "full_disk",
      accepts: (model) => model instanceof OnFullDisk,
      save: async (_, { directory }) => {
        symlinkSync("/dev/full", join(directory, "package.json"));
        return { config: {}, packages: { zod: "4.0.0" } };
      },
      missing: () => undefined,
      load: () => Promise.reject(new Error("not asked for")),
    });
    const parent = temporaryDirectory();
    await expect(saveModel(join(parent, "model"), new OnFullDisk())).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(readdirSync(parent)).toEqual([]);
  });
});
