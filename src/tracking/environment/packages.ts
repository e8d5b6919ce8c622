import { createRequire } from "node:module";
import { join } from "node:path";
import { readPackageFile, upward } from "./package-files.ts";
import { programDirectory } from "./program.ts";

const OWN_NAME = "tidemark";

const ML_PACKAGES: ReadonlySet<string> = new Set([
  OWN_NAME,
  "@anthropic-ai/sdk",
  "@google/genai",
  "@google/generative-ai",
  "@huggingface/inference",
  "@huggingface/transformers",
  "@langchain/core",
  "@mistralai/mistralai",
  "@xenova/transformers",
  "ai",
  "brain.js",
  "danfojs",
  "danfojs-node",
  "langchain",
  "llamaindex",
  "ml5",
  "node-llama-cpp",
  "ollama",
  "onnxruntime-common",
  "onnxruntime-node",
  "onnxruntime-web",
  "openai",
]);

const isMlPackage = (name: string) => ML_PACKAGES.has(name) || /^@tensorflow\/tfjs(-[\w-]+)?$/.test(name);

/**
 * Versions of the machine learning packages of this program, by name, as far as they can be told:
 *
 * - loaded: every package with a CommonJS module in this process, TensorFlow.js and ONNX Runtime for Node among them;
 * - installed beside the program: ES modules leave no trace, so a package that the program's package.json lists and that is
 *   installed counts as well, loaded or not.
 *
 * Ask again when a run ends: packages are often imported after its start. That costs one look at the names of the loaded modules.
 */
export function loadedMlPackages(): Readonly<Record<string, string>> {
  // Loaded ones last: they win over another version beside the program.
  const versions = new Map([...installedPackages(), ...loadedPackages()]);
  return Object.fromEntries([...versions].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** {@link loadedMlPackages} as the JSON text of a tag; undefined when there are none. */
export function packagesTag(): string | undefined {
  const packages = loadedMlPackages();
  return Object.keys(packages).length === 0 ? undefined : JSON.stringify(packages);
}

// The last one counts: pnpm keeps packages in a node_modules inside a node_modules. Deno's cache has a registry's name instead,
// and a directory for each version.
const PACKAGE_DIRECTORY =
  /^(.*[\\/](?:node_modules|registry\.npmjs\.org)[\\/]((?:@[^\\/]+[\\/])?[^\\/]+))(?:[\\/](\d[^\\/]*))?[\\/]/;

function loadedPackages(): Map<string, string> {
  const versions = new Map<string, string>();
  for (const path of commonJsModules()) {
    const [, directory, nameInPath, versionInPath] = PACKAGE_DIRECTORY.exec(path) ?? [];
    const name = nameInPath?.replaceAll("\\", "/");
    if (directory === undefined || name === undefined || versions.has(name) || !isMlPackage(name)) continue;
    const version = readPackageFile(directory)?.version ?? versionInPath;
    if (version !== undefined) versions.set(name, version);
  }
  return versions;
}

/** Paths of all CommonJS modules of the process: every `require` has the same cache. */
function commonJsModules(): string[] {
  try {
    return Object.keys(createRequire(process.execPath).cache);
  } catch {
    return [];
  }
}

function installedPackages(): Map<string, string> {
  const versions = new Map<string, string>();
  const directory = programDirectory();
  if (directory === undefined) return versions;
  const program = nearestPackageFile(directory);
  // This package needn't be listed: that it is loaded is certain.
  for (const name of [...(program?.dependencies ?? []), OWN_NAME]) {
    if (!isMlPackage(name)) continue;
    const version = program?.name === name ? program.version : installedVersion(directory, name);
    if (version !== undefined) versions.set(name, version);
  }
  return versions;
}

function nearestPackageFile(directory: string) {
  for (const place of upward(directory)) {
    const file = readPackageFile(place);
    if (file !== undefined) return file;
  }
  return undefined;
}

/** Looks where an import from the directory would look. */
function installedVersion(directory: string, name: string): string | undefined {
  for (const place of upward(directory)) {
    const file = readPackageFile(join(place, "node_modules", name));
    if (file !== undefined) return file.version;
  }
  return undefined;
}
