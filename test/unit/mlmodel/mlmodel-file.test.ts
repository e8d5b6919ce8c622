import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMlmodel, parseMlmodel, readMlmodel, writeMlmodel } from "../../../src/mlmodel/mlmodel-file.ts";
import type { Mlmodel } from "../../../src/mlmodel/mlmodel-schema.ts";
import { newMlmodel } from "../../../src/mlmodel/new-mlmodel.ts";
import { awkwardMapping } from "../../support/awkward-yaml.ts";
import { temporaryDirectory } from "../../support/mlruns.ts";
import { anySignature } from "../../support/signatures.ts";

/** As Python's MLflow writes an ONNX model, and with what a later version may add. */
const PYTHON_TEXT = `artifact_path: mlflow-artifacts:/1/models/m-1/artifacts
flavors:
  onnx:
    code: null
    data: model.onnx
    onnx_session_options: null
    onnx_version: 1.17.0
    providers:
    - CPUExecutionProvider
  python_function:
    data: model.onnx
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.onnx
    python_version: 3.11.7
  quantum:
    threshold: 1.0
    trained: 2024-01-02
is_signature_from_type_hint: false
mlflow_version: 3.18.0
model_id: m-1
model_size_bytes: 12
model_uuid: m-1
prompts: null
run_id: 0123456789abcdef0123456789abcdef
signature:
  inputs: '[{"name": "X", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape":
    [-1, 4]}}]'
  outputs: null
  params: null
type_hint_from_example: false
utc_time_created: '2026-11-26 13:04:00.579685'
zz_later: 2.50
`;

describe("an MLmodel", () => {
  it("is the same after it was read and written, with all that is not known here", () => {
    const model = parseMlmodel("MLmodel", PYTHON_TEXT);
    expect(formatMlmodel(model)).toBe(PYTHON_TEXT);
    model.flavors = { ...model.flavors, tfjs: { data: "model.json" } };
    const line = "  tfjs:\n    data: model.json\n";
    expect(formatMlmodel(model)).toBe(PYTHON_TEXT.replace("is_signature", `${line}is_signature`));
  });

  it("may be JSON", () => {
    expect(parseMlmodel("MLmodel", '{"flavors": {"onnx": {}}, "model_uuid": "a"}')).toEqual({
      flavors: { onnx: {} },
      model_uuid: "a",
    });
  });

  it("is new with the keys that Python writes", () => {
    const model = newMlmodel({
      flavors: { onnx: { data: "model.onnx", code: null } },
      signature: { inputs: [{ name: "X", type: "tensor", "tensor-spec": { dtype: "float32", shape: [-1] } }] },
      createdAt: new Date("2024-01-02T03:04:05.678Z"),
    });
    expect(model.model_uuid).toMatch(/^[0-9a-f]{32}$/);
    expect(formatMlmodel({ ...model, model_uuid: "u" })).toBe(`flavors:
  onnx:
    code: null
    data: model.onnx
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_id: null
model_uuid: u
prompts: null
signature:
  inputs: '[{"name": "X", "type": "tensor", "tensor-spec": {"dtype": "float32", "shape":
    [-1]}}]'
  outputs: null
  params: null
type_hint_from_example: false
utc_time_created: '2024-01-02 03:04:05.678000'
`);
  });

  it("of a server has its id as uuid", () => {
    const model = newMlmodel({ flavors: {}, modelId: "m-1", runId: "r", artifactPath: "s3://a/b", sizeBytes: 5 });
    expect(model).toMatchObject({ model_id: "m-1", model_uuid: "m-1", run_id: "r", artifact_path: "s3://a/b" });
    expect(model.model_size_bytes).toBe(5);
  });

  it("gives back any metadata and any flavor", () => {
    fc.assert(
      fc.property(awkwardMapping, awkwardMapping, fc.option(anySignature), (metadata, flavor, signature) => {
        const model = newMlmodel({ flavors: { mine: flavor }, metadata, signature: signature ?? undefined });
        expect(parseMlmodel("MLmodel", formatMlmodel(model))).toEqual(model);
      }),
    );
  });

  it("lies in a directory", () => {
    const directory = temporaryDirectory();
    const model = newMlmodel({ flavors: { onnx: {} } });
    writeMlmodel(directory, model);
    writeMlmodel(directory, { ...model, run_id: "r" });
    expect(readMlmodel(directory)).toEqual({ ...model, run_id: "r" });
  });

  it("that is not there, or is something else, gives an error with its path", () => {
    const directory = temporaryDirectory();
    const path = join(directory, "MLmodel");
    const coded = (code: string) => expect.objectContaining({ code, message: expect.stringContaining(path) });
    expect(() => readMlmodel(directory)).toThrow(coded("STORAGE_GONE"));
    mkdirSync(path);
    expect(() => readMlmodel(directory)).toThrow(coded("DATA_DAMAGED"));
  });

  it("of more bytes than any honest one is not read", () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "MLmodel"), `a: ${"x".repeat(9 * 2 ** 20)}`);
    expect(() => readMlmodel(directory)).toThrow(expect.objectContaining({ code: "DATA_DAMAGED" }));
  });

  it.each([
    ["no YAML", "flavors: {"],
    ["nothing", ""],
    ["a list", "- flavors"],
    ["no flavors", "model_uuid: a"],
    ["a flavor that is none", "flavors:\n  onnx: model.onnx"],
    ["a signature that is none", "flavors: {}\nsignature: 5"],
    ["a key that is more than a key", "flavors:\n  __proto__:\n    data: x"],
    ["a program", "flavors: {}\nmetadata: !!python/object/apply:os.system ['true']"],
    ["brackets without an end", `flavors: ${"[".repeat(100_000)}`],
    ["lists within lists", `flavors:\n ${"- ".repeat(100_000)}x`],
    ["an example that lies nowhere", "flavors: {}\nsaved_input_example_info: {}"],
  ])("with %s is damaged, with the path", (_, text) => {
    expect(() => parseMlmodel("models/m-1/MLmodel", text)).toThrow(
      expect.objectContaining({
        code: "DATA_DAMAGED",
        message: expect.stringContaining("models/m-1/MLmodel: "),
        details: { path: "models/m-1/MLmodel" },
      }),
    );
  });

  it("with what has no form in a file is refused", () => {
    const model = newMlmodel({ flavors: {} });
    for (const metadata of [{ a: new Map() }, { a: () => 1 }]) {
      expect(() => formatMlmodel({ ...model, metadata } as Mlmodel)).toThrow(
        expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }),
      );
    }
    expect(() => formatMlmodel({} as Mlmodel)).toThrow("model.flavors");
  });
});
