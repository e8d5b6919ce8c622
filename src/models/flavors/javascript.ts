import { cp, mkdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { invalidArgument, messageOf } from "../../base/errors.ts";
import { localPathOf } from "../../base/file-uri.ts";
import { relativePathProblem } from "../../base/paths.ts";
import { damaged, storageError } from "../../disk/storage-errors.ts";
import { MLMODEL_FILE } from "../../mlmodel/mlmodel-file.ts";
import { checkArgument } from "../../schema/check.ts";
import type { OnnxRuntime, TensorFlow } from "../runtimes.ts";
import type { Flavor, LoadSource, PredictContext, SavedForm, SaveTarget, ValuePredictor } from "./flavor.ts";
import { modelPath } from "./model-path.ts";

const DIRECTORY = "javascript";
const ARTIFACTS = "artifacts";

const path = z.string().min(1, { error: "is empty" });
const javascriptModelSchema = z.strictObject({
  /** An ES module (`.mjs` or `.js`) that exports `load(context)` and `predict(model, input, context)`. */
  module: path.regex(/\.m?js$/i, { error: "is no .mjs or .js file" }),
  /** Files and directories that the module imports by relative paths; they are put beside it. */
  code: z.array(path).default([]),
  /** Files and directories that `load` is told the places of. By name. */
  artifacts: z.record(z.string(), path).default({}),
  /** What of npm it needs: package to exact version. */
  dependencies: z.record(z.string(), z.string()).default({}),
});

/** A model that is code: what {@link saveModel} takes for the flavor `javascript`. @interface */
export type JavascriptModel = z.input<typeof javascriptModelSchema>;

/** What a module's `load` is told. */
export interface JavascriptContext {
  /** Of the whole model. */
  readonly directory: string;
  /** Absolute paths by name. */
  readonly artifacts: Readonly<Record<string, string>>;
  /** As they were handed to `loadModel`. */
  readonly tf?: TensorFlow | undefined;
  readonly ort?: OnnxRuntime | undefined;
}

/** What the module of a model exports. */
export interface JavascriptModule {
  /** Called once; what it answers is handed to `predict`. */
  load?(context: JavascriptContext): unknown;
  /** The input is checked by the signature, where there is one. */
  predict(model: unknown, input: unknown, context: PredictContext): unknown;
}

/** Models that are ES modules: the counterpart of MLflow's `PythonModel`. Nothing of them is run unless the caller allows it. */
export const javascriptFlavor: Flavor = {
  name: "javascript",
  accepts: (model) => typeof model === "object" && model !== null && typeof Reflect.get(model, "module") === "string",
  save: saveJavascript,
  missing: ({ allowCode }) => (allowCode ? undefined : "the permission to run its code: { allowCode: true }"),
  load: loadJavascript,
};

async function saveJavascript(model: unknown, { directory }: SaveTarget): Promise<SavedForm> {
  const { module, code, artifacts, dependencies } = checkArgument("model", javascriptModelSchema, model);
  const folder = join(directory, DIRECTORY);
  await mkdir(folder);
  const taken = new Set([ARTIFACTS]);
  /** Answers the place, relative to the folder. */
  const copy = async (argument: string, given: string, below = ""): Promise<string> => {
    const source = resolve(localPathOf(given));
    const place = `${below}${basename(source)}`;
    // Where names in upper and lower case are the same, two would be one.
    if (relativePathProblem(place) !== undefined || taken.has(place.toLowerCase())) {
      throw invalidArgument(argument, given, "a file or directory with a name that no other of the model has");
    }
    taken.add(place.toLowerCase());
    await copyInto(argument, source, join(folder, place));
    return place;
  };
  const place = await copy("model.module", module);
  for (const source of code) await copy("model.code", source);
  const places: [string, string][] = [];
  for (const [name, source] of Object.entries(artifacts)) {
    places.push([name, await copy(`model.artifacts.${name}`, source, `${ARTIFACTS}/`)]);
  }
  return {
    config: { data: DIRECTORY, module: place, artifacts: Object.fromEntries(places) },
    packages: dependencies,
  };
}

async function copyInto(argument: string, source: string, target: string): Promise<void> {
  const facts = await stat(source).catch(() => undefined);
  if (facts === undefined) throw invalidArgument(argument, source, "a file or directory that is there");
  try {
    await cp(source, target, { recursive: true, dereference: true, errorOnExist: true, force: false });
  } catch (error) {
    throw storageError("copy", source, error);
  }
}

async function loadJavascript({ directory, config, tf, ort }: LoadSource): Promise<ValuePredictor> {
  const folder = modelPath(directory, "flavors.javascript.data", config.data ?? DIRECTORY);
  const file = modelPath(directory, "flavors.javascript.module", config.module, folder);
  const named = z.record(z.string(), z.unknown()).safeParse(config.artifacts ?? {});
  if (!named.success) throw damaged(join(directory, MLMODEL_FILE), "flavors.javascript.artifacts: is no mapping");
  const places = Object.entries(named.data).map(([name, place]) => [
    name,
    modelPath(directory, `flavors.javascript.artifacts.${name}`, place, folder),
  ]);
  const { load, predict } = await importModule(file);
  const artifacts: Readonly<Record<string, string>> = Object.fromEntries(places);
  const model = await load?.({ directory, artifacts, tf, ort });
  return {
    takes: "values",
    native: model,
    run: async (input, context) => await predict(model, input, context),
    close: async () => {
      if (typeof model !== "object" || model === null) return;
      if (Symbol.asyncDispose in model) await (model as AsyncDisposable)[Symbol.asyncDispose]();
      else if (Symbol.dispose in model) (model as Disposable)[Symbol.dispose]();
    },
  };
}

async function importModule(file: string): Promise<JavascriptModule> {
  const facts = await stat(file).catch(() => undefined);
  if (facts === undefined) throw damaged(file, "is missing");
  if (!facts.isFile()) throw damaged(file, "is no file");
  const url = pathToFileURL(file);
  // Modules stay loaded by their address: another model at the same place is another module.
  url.search = `?${facts.mtimeMs}-${facts.size}`;
  let exported: Partial<JavascriptModule>;
  try {
    exported = await import(url.href);
  } catch (error) {
    throw damaged(file, `cannot be imported: ${messageOf(error)}`, error);
  }
  if (typeof exported.predict !== "function") throw damaged(file, "exports no function predict");
  if (exported.load !== undefined && typeof exported.load !== "function")
    throw damaged(file, "exports a load that is no function");
  return exported as JavascriptModule;
}
