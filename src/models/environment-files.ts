import { z } from "zod";
import { formatYaml } from "../mlmodel/python/yaml-write.ts";
import { PYTHON_VERSIONS } from "../mlmodel/python-versions.ts";
import { checkArgument } from "../schema/check.ts";

/** A file of a model: its name in the directory to its text. */
export type TextFiles = Readonly<Record<string, string>>;

// What ends up in a line of pip's or an argument of conda's must not be another line or another option.
const version = z.string().regex(/^\d+(?:\.\w+)*$/, { error: "is no version" });
const requirement = z
  .string()
  .regex(/^\w[\w.[\],<>=!~;'" ()@:/+-]*$/, { error: "is no requirement of pip on one line" });

export const pythonEnvironmentSchema = z.strictObject({
  python: version.default(PYTHON_VERSIONS.python),
  mlflow: version.default(PYTHON_VERSIONS.mlflow),
  onnx: version.default(PYTHON_VERSIONS.onnx),
  onnxruntime: version.default(PYTHON_VERSIONS.onnxruntime),
  /** More lines for requirements.txt. */
  requirements: z.array(requirement).default([]),
});
/** Which versions a Python is told to install. Default: the ones our tests have. @interface */
export type PythonEnvironmentOptions = z.input<typeof pythonEnvironmentSchema>;

/**
 * What tells a Python how to load a model by its ONNX form: `requirements.txt`, `python_env.yaml`, `conda.yaml`.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for what pip would read as something else than one requirement
 */
export function pythonEnvironmentFiles(options: PythonEnvironmentOptions = {}): TextFiles {
  const { python, requirements, ...packages } = checkArgument("environment", pythonEnvironmentSchema, options);
  const pinned = Object.entries(packages).map(([name, number]) => `${name}==${number}`);
  const lines = [...pinned, ...requirements];
  return {
    "requirements.txt": lines.join("\n"),
    "python_env.yaml": formatYaml(
      { python, build_dependencies: ["pip", "setuptools", "wheel"], dependencies: ["-r requirements.txt"] },
      { sortKeys: false },
    ),
    "conda.yaml": formatYaml({
      channels: ["conda-forge"],
      dependencies: [`python=${python}`, "pip", { pip: lines }],
      name: "mlflow-env",
    }),
  };
}

const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const dependenciesSchema = z.record(
  z.string().regex(PACKAGE_NAME, { error: "is no name of a package" }),
  z.string().regex(/^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/, { error: "is no exact version" }),
);

/** The oldest that Tidemark runs on. */
const NODE_RANGE = ">=20.18";

/**
 * The `package.json` of a model with a flavor of JavaScript's: exactly the versions that it was saved with.
 *
 * @param dependencies package to exact version
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for what is no package or no exact version
 */
export function packageJsonFile(dependencies: Readonly<Record<string, string>>): TextFiles {
  const checked = Object.entries(checkArgument("dependencies", dependenciesSchema, dependencies));
  const sorted = checked.sort(([a], [b]) => (a < b ? -1 : 1));
  const manifest = {
    private: true,
    type: "module",
    engines: { node: NODE_RANGE },
    dependencies: Object.fromEntries(sorted),
  };
  return { "package.json": `${JSON.stringify(manifest, undefined, 2)}\n` };
}
