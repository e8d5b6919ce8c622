import { describe, expect, it } from "vitest";
import { packageJsonFile, pythonEnvironmentFiles } from "../../../src/models/environment-files.ts";

describe("the environment of a Python", () => {
  it("stands in the three files that MLflow reads", () => {
    const files = pythonEnvironmentFiles({
      python: "3.11.7",
      mlflow: "3.17.2",
      onnx: "1.23.2",
      onnxruntime: "1.32.0",
      requirements: ["numpy<3,>=2"],
    });
    expect(files).toEqual({
      "requirements.txt": "mlflow==3.17.2\nonnx==1.23.2\nonnxruntime==1.32.0\nnumpy<3,>=2",
      "python_env.yaml":
        "python: 3.11.7\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n- -r requirements.txt\n",
      "conda.yaml":
        "channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip\n- pip:\n  - mlflow==3.17.2\n  - onnx==1.23.2\n  - onnxruntime==1.32.0\n  - numpy<3,>=2\nname: mlflow-env\n",
    });
  });

  it.each(["a\n--index-url=https://example.org", "-r other.txt", "", " numpy", "numpy # comment"])(
    "refuses %j",
    (line) => {
      expect(() => pythonEnvironmentFiles({ requirements: [line] })).toThrow("environment.requirements.0");
    },
  );

  it("refuses a version that is none", () => {
    expect(() => pythonEnvironmentFiles({ onnx: "1.0\nevil" })).toThrow("environment.onnx");
  });
});

describe("the package.json of a model", () => {
  it("pins what the model was saved with", () => {
    const { "package.json": text } = packageJsonFile({ "onnxruntime-node": "1.30.0", "@tensorflow/tfjs": "4.22.0" });
    expect(JSON.parse(text as string)).toEqual({
      private: true,
      type: "module",
      engines: { node: ">=20.18" },
      dependencies: { "@tensorflow/tfjs": "4.22.0", "onnxruntime-node": "1.30.0" },
    });
    expect(text?.indexOf("tfjs")).toBeLessThan(text?.indexOf("onnxruntime-node") as number);
  });

  it.each([
    ["tfjs", "^4.0.0"],
    ["tfjs", "https://example.org/tfjs.tgz"],
    ["../tfjs", "4.0.0"],
  ])("refuses %s %s", (name, version) => {
    expect(() => packageJsonFile({ [name]: version })).toThrow(
      expect.objectContaining({ code: "INVALID_PARAMETER_VALUE" }),
    );
  });
});
