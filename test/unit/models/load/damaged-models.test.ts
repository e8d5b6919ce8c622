import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import { TidemarkError } from "../../../../src/index.ts";
import { type LoadedModel, loadModel, saveModel } from "../../../../src/models/index.ts";
import { temporaryDirectory } from "../../../support/mlruns.ts";
import { SEED } from "../../../support/random.ts";
import { addOnnx, denseModel, filesOf, graphModel } from "../../../support/small-models.ts";

let good: string;
let graph: string;
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-good-"));
  [good, graph] = [join(folder, "good"), join(folder, "graph")];
  await saveModel(good, denseModel(), { tf, ort, inputExample: [[1, 2, 3, 4]] });
  await saveModel(graph, await graphModel(), { tf, onnx: false });
  return () => rmSync(folder, { recursive: true, force: true });
});

/** A copy of a good model with something wrong in it. */
function copy(of = good): string {
  const directory = join(temporaryDirectory(), "model");
  cpSync(of, directory, { recursive: true });
  return directory;
}

function toDirectory(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

type Json = Record<string, unknown>;

function editJson(directory: string, file: string, edit: (value: Json) => unknown): void {
  const path = join(directory, file);
  const value = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify(edit(value) ?? value));
}

const manifest = (value: Json) =>
  (value.weightsManifest as { paths: unknown[]; weights: Json[] }[])[0] as { paths: unknown[]; weights: Json[] };

async function expectDamaged(directory: string, path: string, message: RegExp, options: object): Promise<void> {
  const before = filesOf(directory);
  await expect(loadModel(directory, options)).rejects.toMatchObject({
    code: "DATA_DAMAGED",
    message: expect.stringMatching(message),
    details: { path: join(directory, path) },
  });
  expect(filesOf(directory)).toEqual(before);
}

const HOSTILE = ["../x", "/etc/passwd", "C:/x", "a\\..\\b", "a//b", "./a", "", "a\0b", 3, null, { a: 1 }];
const SHARD = "tfjs/group1-shard1of1.bin";

describe("weights of TensorFlow.js", () => {
  it.each<[string, (directory: string) => void, string, RegExp]>([
    ["a missing shard", (d) => rmSync(join(d, SHARD)), SHARD, /is missing/],
    [
      "a shard that is too short",
      (d) => truncateSync(join(d, SHARD), 8),
      "tfjs/model.json",
      /40 bytes, and its shards 8/,
    ],
    [
      "a shard that is too long",
      (d) => truncateSync(join(d, SHARD), 50),
      "tfjs/model.json",
      /40 bytes, and its shards 50/,
    ],
    ["a directory for a shard", (d) => toDirectory(join(d, SHARD)), SHARD, /is no file/],
    ["no model.json", (d) => rmSync(join(d, "tfjs/model.json")), "tfjs/model.json", /is missing/],
    ["a model.json of garbage", (d) => writeFileSync(join(d, "tfjs/model.json"), "{"), "tfjs/model.json", /is no JSON/],
    [
      "a model.json that is a text",
      (d) => writeFileSync(join(d, "tfjs/model.json"), '"x"'),
      "tfjs/model.json",
      /is no model/,
    ],
    [
      "a model.json of nothing",
      (d) => writeFileSync(join(d, "tfjs/model.json"), "{}"),
      "tfjs/model.json",
      /weightsManifest/,
    ],
    [
      "one shard twice",
      (d) => editJson(d, "tfjs/model.json", (v) => void manifest(v).paths.push(manifest(v).paths[0])),
      "tfjs/model.json",
      /stands twice/,
    ],
    [
      "no paths",
      (d) => editJson(d, "tfjs/model.json", (v) => ({ ...v, weightsManifest: [{}] })),
      "tfjs/model.json",
      /no paths and weights/,
    ],
    [
      "a negative length",
      (d) =>
        editJson(d, "tfjs/model.json", (v) => void Object.assign(manifest(v).weights[0] as Json, { shape: [-1, 4] })),
      "tfjs/model.json",
      /no name, shape and dtype/,
    ],
    [
      "huge lengths",
      (d) =>
        editJson(
          d,
          "tfjs/model.json",
          (v) => void Object.assign(manifest(v).weights[0] as Json, { shape: [2 ** 52, 2 ** 52] }),
        ),
      "tfjs/model.json",
      /its weights are/,
    ],
    [
      "huge lists of texts",
      (d) =>
        editJson(
          d,
          "tfjs/model.json",
          (v) => void Object.assign(manifest(v).weights[0] as Json, { shape: [2 ** 52], dtype: "string" }),
        ),
      "tfjs/model.json",
      /at least/,
    ],
    [
      "a type that there is not",
      (d) =>
        editJson(
          d,
          "tfjs/model.json",
          (v) => void Object.assign(manifest(v).weights[0] as Json, { dtype: "constructor" }),
        ),
      "tfjs/model.json",
      /TensorFlow\.js|its weights/,
    ],
    [
      "a huge layer",
      (d) => editJson(d, "tfjs/model.json", (v) => JSON.parse(JSON.stringify(v).replace('"units":2', '"units":1e15'))),
      "tfjs/model.json",
      /TensorFlow\.js cannot load it/,
    ],
    [
      "a layer that there is not",
      (d) => editJson(d, "tfjs/model.json", (v) => JSON.parse(JSON.stringify(v).replace('"Dense"', '"Denser"'))),
      "tfjs/model.json",
      /Denser/,
    ],
  ])("%s", async (_, damage, path, message) => {
    const directory = copy();
    damage(directory);
    await expectDamaged(directory, path, message, { tf, flavor: "tfjs" });
  });

  it.each(HOSTILE)("a shard called %j", async (name) => {
    const directory = copy();
    editJson(directory, "tfjs/model.json", (value) => void manifest(value).paths.splice(0, 1, name));
    await expectDamaged(directory, "tfjs/model.json", /weightsManifest\.0\.paths/, { tf, flavor: "tfjs" });
  });

  it("of a graph with an operator that there is not", async () => {
    const directory = copy(graph);
    editJson(directory, "tfjs/model.json", (value) => JSON.parse(JSON.stringify(value).replace('"Mul"', '"Mull"')));
    const attempt = loadModel(directory, { tf }).then(async (model) => await model.predict([[1, 1]]));
    await expect(attempt).rejects.toBeInstanceOf(TidemarkError);
  });
});

describe("an ONNX file", () => {
  it.each<[string, (path: string) => void, RegExp]>([
    ["that is missing", (path) => rmSync(path), /is missing/],
    ["of garbage", (path) => writeFileSync(path, "not a model"), /ONNX Runtime cannot load it/],
    ["of nothing", (path) => writeFileSync(path, ""), /ONNX Runtime cannot load it/],
    ["that is cut off", (path) => truncateSync(path, 60), /ONNX Runtime cannot load it/],
    ["that is a directory", (path) => toDirectory(path), /is no file/],
    ["with weights elsewhere", (path) => writeFileSync(path, addOnnx("../../secret")), /"\.\." segment/],
  ])("%s", async (_, damage, message) => {
    const directory = copy();
    damage(join(directory, "model.onnx"));
    await expectDamaged(directory, "model.onnx", message, { ort, flavor: "onnx" });
  });

  it("with weights that are missing", async () => {
    const directory = copy();
    writeFileSync(join(directory, "model.onnx"), addOnnx("w.bin"));
    await expectDamaged(directory, "w.bin", /is missing/, { ort, flavor: "onnx" });
  });
});

describe("an MLmodel", () => {
  it.each<[string, string, RegExp]>([
    ["that is no YAML", "flavors: [", /MLmodel/],
    ["that is a list", "- a", /MLmodel/],
    ["without flavors", "run_id: x", /flavors/],
    ["of nothing", "", /MLmodel/],
    ["with a signature of garbage", "flavors: {onnx: {}}\nsignature: {inputs: '['}", /signature|inputs/],
  ])("%s", async (_, text, message) => {
    const directory = copy();
    writeFileSync(join(directory, "MLmodel"), text);
    await expect(loadModel(directory, { tf, ort })).rejects.toMatchObject({
      code: "DATA_DAMAGED",
      message: expect.stringMatching(message),
    });
  });

  it.each(HOSTILE.filter((path) => path !== null))("that names files as %j", async (path) => {
    const directory = copy();
    const write = (flavors: object, more = {}) =>
      writeFileSync(join(directory, "MLmodel"), JSON.stringify({ flavors, ...more }));
    const options = { tf, ort, allowCode: true };
    for (const [field, flavors] of [
      ["flavors.onnx.data", { onnx: { data: path } }],
      ["flavors.tfjs.data", { tfjs: { data: path } }],
      ["flavors.javascript.data", { javascript: { data: path, module: "m.mjs" } }],
      ["flavors.javascript.module", { javascript: { module: path } }],
      ["flavors.javascript.artifacts.a", { javascript: { module: "m.mjs", artifacts: { a: path } } }],
    ] as const) {
      write(flavors);
      await expectDamaged(directory, "MLmodel", new RegExp(field), { ...options, flavor: Object.keys(flavors)[0] });
    }
    if (typeof path !== "string") return;
    write({ onnx: {} }, { saved_input_example_info: { artifact_path: path, type: "ndarray" } });
    await using model = await loadModel(directory, { ort });
    await expect(model.inputExample()).rejects.toMatchObject({ code: "DATA_DAMAGED" });
  });

  it.each<[string, (directory: string) => void, RegExp]>([
    ["missing", (d) => rmSync(join(d, "input_example.json")), /is missing/],
    ["no JSON", (d) => writeFileSync(join(d, "input_example.json"), "[1,"), /input_example\.json/],
    [
      "nested too deeply",
      (d) => writeFileSync(join(d, "input_example.json"), "[".repeat(1e6) + "]".repeat(1e6)),
      /input_example\.json/,
    ],
  ])("whose example is %s", async (_, damage, message) => {
    const directory = copy();
    damage(directory);
    await using model = await loadModel(directory, { ort });
    await expect(model.inputExample()).rejects.toMatchObject({
      code: "DATA_DAMAGED",
      message: expect.stringMatching(message),
    });
  });
});

describe("a module", () => {
  it.each<[string, string | undefined, RegExp]>([
    ["is missing", undefined, /is missing/],
    ["is no module", "export const = 3", /cannot be imported/],
    ["throws", "throw new Error('no');", /cannot be imported: no/],
    ["predicts nothing", "export const load = () => 1;", /exports no function predict/],
    ["has a load that is none", "export const load = 1, predict = () => 1;", /load that is no function/],
  ])("that %s", async (_, source, message) => {
    const directory = copy();
    writeFileSync(join(directory, "MLmodel"), JSON.stringify({ flavors: { javascript: { module: "m.mjs" } } }));
    mkdirSync(join(directory, "javascript"));
    if (source !== undefined) writeFileSync(join(directory, "javascript/m.mjs"), source);
    await expectDamaged(directory, "javascript/m.mjs", message, { allowCode: true });
  });
});

describe.skipIf(process.platform === "win32")("a pipe where a file belongs", () => {
  it.each(["MLmodel", "model.onnx", "tfjs/model.json", SHARD, "input_example.json"])(
    "blocks nobody: %s",
    async (file) => {
      const directory = copy();
      rmSync(join(directory, file));
      execFileSync("mkfifo", [join(directory, file)]);
      const flavor = file.startsWith("tfjs") ? "tfjs" : "onnx";
      const use = async () => {
        await using model = await loadModel(directory, { tf, ort, flavor });
        return await model.inputExample();
      };
      await expect(use()).rejects.toMatchObject({ code: "DATA_DAMAGED", details: { path: join(directory, file) } });
    },
  );
});

describe("anything that may stand in a package", () => {
  /** Ends in an answer or in a coded error. */
  async function loads(directory: string, options: object): Promise<void> {
    let model: LoadedModel | undefined;
    try {
      model = await loadModel(directory, options);
      await model.predict([[1, 2, 3, 4]]);
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error;
    } finally {
      await model?.close();
    }
  }

  const junk = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 2 ** 53, 1e300, "../x", "float32", "string", [], [1e9]));

  it(`is a coded error in model.json (seed ${SEED})`, async () => {
    const directory = copy();
    const text = readFileSync(join(directory, "tfjs/model.json"), "utf8");
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (path.length > 0) paths.push(path);
      if (typeof value !== "object" || value === null) return;
      for (const [key, member] of Object.entries(value))
        walk(member, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    walk(JSON.parse(text), []);
    const replaced = fc.tuple(fc.constantFrom(...paths), junk).map(([path, value]) => {
      const whole = JSON.parse(text);
      let at = whole;
      for (const key of path.slice(0, -1)) at = at[key];
      at[path.at(-1) as string] = value;
      return JSON.stringify(whole);
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(replaced, fc.json(), fc.string()), async (content) => {
        writeFileSync(join(directory, "tfjs/model.json"), content);
        await loads(directory, { tf, flavor: "tfjs" });
      }),
      { seed: SEED, numRuns: 150 },
    );
    expect(readdirSync(join(directory, ".."))).toEqual(["model"]);
  });

  it(`is a coded error in an MLmodel (seed ${SEED})`, async () => {
    const directory = copy();
    const text = readFileSync(join(directory, "MLmodel"), "utf8");
    const lines = text.split("\n");
    const replaced = fc
      .tuple(
        fc.nat(lines.length - 1),
        fc.oneof(
          fc.string(),
          junk.map((value) => `${JSON.stringify(value)}`),
        ),
      )
      .map(([index, value]) =>
        lines.map((line, i) => (i === index ? line.replace(/(?<=: ).*|$/, value) : line)).join("\n"),
      );
    const keys = fc.record({
      flavors: fc.dictionary(fc.constantFrom("onnx", "tfjs", "javascript"), junk),
      signature: junk,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          replaced,
          keys.map((value) => JSON.stringify(value)),
          fc.string(),
        ),
        async (content) => {
          writeFileSync(join(directory, "MLmodel"), content);
          await loads(directory, { tf, ort });
        },
      ),
      { seed: SEED, numRuns: 150 },
    );
  });
});
