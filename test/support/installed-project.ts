import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { FLOAT, model, node, value } from "../../examples/support/onnx-writer.mjs";
import { succeed } from "./child.ts";
import { manifest, repository } from "./repository.ts";
import { makeTempFolder, packInto } from "./tarball.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of a user's project: the packed tarball is installed in it as it would be from the registry. */
    readonly installedProject: string;
  }
}

/** The packages that a program in TypeScript may import either of as its ONNX Runtime. */
export const ONNX_RUNTIMES = ["onnxruntime-node", "onnxruntime-web"] as const;

/** How the programs of test/runtime/programs are compiled, which are written once: as one kind of module, or the other. */
export const MODULE_KINDS = [
  { kind: "ESM", source: ".mts", compiled: ".mjs" },
  { kind: "CommonJS", source: ".cts", compiled: ".cjs" },
] as const;

export const STRICT = [
  "--strict",
  "--exactOptionalPropertyTypes",
  "--target",
  "es2022",
  "--lib",
  "es2023,esnext.disposable",
];

const project = makeTempFolder();

/** Packs, installs and compiles once for all files of the project `runtime`. */
export async function setup(vitest: TestProject): Promise<void> {
  const { file } = await packInto(project.path);
  writeFileSync(join(project.path, "package.json"), '{ "private": true }\n');
  const packages = [file, ...["typescript", "@types/node"].map((name) => `${name}@${manifest.devDependencies[name]}`)];
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  await succeed("npm", ["install", ...quiet, ...packages], { cwd: project.path });
  // Hundreds of megabytes, which need not be copied to be loaded.
  for (const name of [...ONNX_RUNTIMES, "@tensorflow"]) {
    symlinkSync(join(repository, "node_modules", name), join(project.path, "node_modules", name), "dir");
  }
  writePrograms(join(project.path, "programs"));
  const sources = readdirSync(join(project.path, "programs")).filter((name) => name.endsWith("ts"));
  // TensorFlow.js's own types do not compile on their own.
  const compile = ["node_modules/typescript/bin/tsc", ...STRICT, "--skipLibCheck", "--module", "node16"];
  await succeed(process.execPath, [...compile, ...sources.map((name) => join("programs", name))], {
    cwd: project.path,
  });
  vitest.provide("installedProject", project.path);
}

export function teardown(): void {
  project.remove();
}

function writePrograms(folder: string): void {
  mkdirSync(folder);
  const written = join(repository, "test/runtime/programs");
  for (const file of readdirSync(written)) {
    if (!file.endsWith(".ts")) {
      cpSync(join(written, file), join(folder, file));
      continue;
    }
    const text = readFileSync(join(written, file), "utf8");
    const runtimes = text.includes(`"${ONNX_RUNTIMES[0]}"`) ? ONNX_RUNTIMES : [undefined];
    for (const runtime of runtimes) {
      const program = programName(file.slice(0, -".ts".length), runtime);
      const code = runtime === undefined ? text : text.replaceAll(ONNX_RUNTIMES[0], runtime);
      for (const { source } of MODULE_KINDS) writeFileSync(join(folder, `${program}${source}`), code);
    }
  }
  writeFileSync(join(folder, "loss.onnx"), lossModel);
}

/** The name of a program's copy that imports this ONNX Runtime. */
export const programName = (name: string, ort: string | undefined): string =>
  ort === undefined ? name : `${name}-${ort}`;

/** Answers the number it is given, as its loss. */
const lossModel = model({
  name: "loss",
  inputs: [value("x", FLOAT, [])],
  outputs: [value("loss", FLOAT, [])],
  nodes: [node("Identity", ["x"], ["loss"])],
});
