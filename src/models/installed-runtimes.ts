import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { OnnxRuntime } from "./runtimes.ts";

// Names in variables: bundlers and the compiler leave them alone, since nobody has to have these packages.
const ONNX_RUNTIMES: readonly string[] = ["onnxruntime-node", "onnxruntime-web"];

/**
 * ONNX Runtime, where the program has it installed and has not handed it in: the Node build, else the web build. `undefined` where
 * neither is there, or neither can be loaded here.
 */
export async function installedOnnxRuntime(): Promise<OnnxRuntime | undefined> {
  for (const name of ONNX_RUNTIMES) {
    const found = await importInstalled(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function importInstalled(name: string): Promise<OnnxRuntime | undefined> {
  for (const specifier of [name, ownSpecifier(name)]) {
    if (specifier === undefined) continue;
    try {
      const loaded = await import(specifier);
      const namespace = loaded.InferenceSession === undefined ? loaded.default : loaded;
      if (namespace?.InferenceSession !== undefined && namespace.Tensor !== undefined) return namespace;
    } catch {
      // It is not there, or not for this machine.
    }
  }
  return undefined;
}

/** As the program's own directory finds it: some package managers show a package only what it has asked for. */
function ownSpecifier(name: string): string | undefined {
  try {
    return pathToFileURL(createRequire(join(process.cwd(), "package.json")).resolve(name)).href;
  } catch {
    return undefined;
  }
}
