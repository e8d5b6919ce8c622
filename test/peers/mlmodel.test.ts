import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMlmodel, readMlmodel, writeMlmodel } from "../../src/mlmodel/mlmodel-file.ts";
import { type NewMlmodel, newMlmodel } from "../../src/mlmodel/new-mlmodel.ts";
import { formatPythonJson } from "../../src/mlmodel/python/python-json.ts";
import { formatYaml } from "../../src/mlmodel/python/yaml-write.ts";
import { formatSignature, parseSignature } from "../../src/mlmodel/signature.ts";
import { pythonEnvironmentFiles } from "../../src/models/environment-files.ts";
import { decodeInputExample, encodeInputExample } from "../../src/models/input-example.ts";
import { inferSignature, type ModelData } from "../../src/models/signature/infer-signature.ts";
import { awkwardMapping } from "../support/awkward-yaml.ts";
import { temporaryDirectory } from "../support/mlruns.ts";
import { leftOut } from "../support/peers.ts";
import { runPython } from "../support/python.ts";
import { anySignature } from "../support/signatures.ts";

interface PythonModel {
  readonly signature: unknown;
  readonly sameText: boolean;
  readonly text: string;
  readonly metadata: string;
  readonly example: { readonly data: unknown; readonly params: unknown; readonly serving: unknown } | null;
  readonly environment?: unknown;
}

function writeModel(
  root: string,
  name: string,
  model: Partial<NewMlmodel>,
  files: Readonly<Record<string, string>> = {},
) {
  const directory = join(root, name);
  mkdirSync(directory);
  writeMlmodel(directory, newMlmodel({ flavors: { onnx: { data: "model.onnx" } }, ...model }));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
}

const readInPython = async (root: string) =>
  (await runPython("mlmodel.py", ["read", root], root)) as Record<string, PythonModel>;

describe.skipIf(leftOut("python"))("Python MLflow reads of our MLmodel", () => {
  it("every signature, and would write the same bytes", async () => {
    const root = temporaryDirectory();
    const signatures = fc.sample(anySignature, 300);
    for (const [index, signature] of signatures.entries()) writeModel(root, String(index), { signature });
    const found = await readInPython(root);
    for (const [index, signature] of signatures.entries()) {
      const python = found[index];
      expect(python?.signature).toEqual(formatSignature(signature));
      expect(readFileSync(join(root, String(index), "MLmodel"), "utf8")).toBe(python?.text);
    }
  });

  it("input examples of every form, with the types of their signature", async () => {
    const root = temporaryDirectory();
    const examples: Record<string, [ModelData, Record<string, unknown>?]> = {
      tensor: [{ data: Float32Array.of(1.5, 2, 3, 4), dims: [2, 2] }],
      named: [{ ids: BigInt64Array.of(1n, 2n), text: ["a", "b"], mask: [[true], [false]] }],
      rows: [
        [
          { n: 1, real: 0.5, text: "x", when: new Date("2024-01-02T03:04:05.678Z"), bytes: Uint8Array.of(0, 255) },
          { n: 2, real: 1, text: "y", when: new Date("2024-01-03T00:00:00Z"), bytes: new Uint8Array(100) },
        ],
      ],
      params: [[1, 2], { temperature: 0.5, stop: ["a"] }],
    };
    for (const [name, [example, params]] of Object.entries(examples)) {
      const { files, info } = encodeInputExample(example, params);
      writeModel(root, name, { signature: inferSignature(example, undefined, params), inputExample: info }, files);
    }
    const found = await readInPython(root);
    expect(Object.values(found).map(({ sameText }) => sameText)).toEqual([true, true, true, true]);
    expect(found.tensor?.example).toMatchObject({
      data: {
        input: [
          "float32",
          [
            [1.5, 2],
            [3, 4],
          ],
        ],
      },
      params: null,
      serving: {
        inputs: [
          [1.5, 2],
          [3, 4],
        ],
      },
    });
    expect(found.named?.example?.data).toEqual({
      ids: ["int64", [1, 2]],
      text: [expect.stringMatching(/^str/), ["a", "b"]],
      mask: ["bool", [[true], [false]]],
    });
    expect(found.rows?.example?.data).toMatchObject({
      columns: ["n", "real", "text", "when", "bytes"],
      records: [
        [1, 0.5, "x", "2024-01-02T03:04:05.678000", [0, 255]],
        [2, 1, "y", "2024-01-03T00:00:00", Array.from({ length: 100 }, () => 0)],
      ],
    });
    expect(found.params?.example).toMatchObject({
      params: { temperature: 0.5, stop: ["a"] },
      serving: { inputs: [1, 2], params: { temperature: 0.5, stop: ["a"] } },
    });
  });

  it("what it needs to install", async () => {
    const root = temporaryDirectory();
    writeModel(root, "onnx", {}, pythonEnvironmentFiles({ requirements: ["numpy<3"] }));
    const { onnx } = await readInPython(root);
    const pinned = [
      expect.stringMatching(/^mlflow==/),
      expect.stringMatching(/^onnx==/),
      expect.stringMatching(/^onnxruntime==/),
    ];
    expect(onnx?.environment).toEqual({
      virtualenv: {
        python: expect.stringMatching(/^3\.\d+\.\d+$/),
        build_dependencies: ["pip", "setuptools", "wheel"],
        dependencies: ["-r requirements.txt"],
      },
      conda: expect.objectContaining({ dependencies: [...pinned, "numpy<3"], build_dependencies: ["pip"] }),
      requirements: [...pinned, "numpy<3"],
    });
  });
});

describe.skipIf(leftOut("python"))("we read of Python's MLmodel", () => {
  it("every signature and example, and would write the same bytes", async () => {
    const root = temporaryDirectory();
    const written = (await runPython("mlmodel.py", ["write", root], root)) as Record<string, object | null>;
    expect(readdirSync(root).sort()).toEqual(Object.keys(written).sort());
    const examples: Record<string, unknown> = {};
    for (const [name, signature] of Object.entries(written)) {
      const directory = join(root, name);
      const path = join(directory, "MLmodel");
      const model = readMlmodel(directory);
      expect(formatMlmodel(model)).toBe(readFileSync(path, "utf8"));
      if (signature !== null)
        expect(formatSignature(parseSignature(path, model.signature as object))).toEqual(signature);
      const info = model.saved_input_example_info;
      if (!info) continue;
      const file = join(directory, info.artifact_path);
      examples[name] = decodeInputExample(file, readFileSync(file, "utf8"), info);
    }
    expect(examples).toEqual({
      frame: {
        kind: "rows",
        columns: ["n", "text", "real", "bytes", "time"],
        rows: [
          [1, "x", 0.5, "YWI=\n", "2024-01-01T00:00:00"],
          [2, Number.NaN, Number.NaN, expect.stringMatching(/^\/{76}\n\/{4}\n$/), "2024-01-02T00:00:00"],
        ],
      },
      "numbered frame": { kind: "rows", columns: [0, 1], rows: [[1, 2.5]] },
      array: { kind: "tensors", data: [[1.5, null]] },
      "named arrays": { kind: "tensors", data: { a: [[1, 2]], b: ["x"] } },
      "with params": { kind: "tensors", data: [1], params: { p: 1 } },
      object: { kind: "json", type: "json_object", data: { a: [1, 2], b: "x" } },
    });
  });
});

describe.skipIf(leftOut("python"))("byte by byte as Python", () => {
  it("writes YAML and JSON", async () => {
    const root = temporaryDirectory();
    const values = fc.sample(awkwardMapping, 1_000);
    const file = join(root, "values.json");
    // Through our JSON, which the second half checks by itself: it knows floats from integers, and NaN.
    writeFileSync(file, `[${values.map((value) => formatPythonJson(value)).join(",")}]`);
    expect(values.map((value) => formatYaml(value))).toEqual(await runPython("mlmodel.py", ["yaml", file], root));
    expect(values.map((value) => formatPythonJson(value))).toEqual(await runPython("mlmodel.py", ["json", file], root));
  });
});
