import { invalidArgument } from "../../base/errors.ts";
import { processSlot } from "../../base/process-state.ts";
import type { Flavor } from "./flavor.ts";
import { javascriptFlavor } from "./javascript.ts";
import { onnxFlavor } from "./onnx.ts";
import { tfjsFlavor } from "./tfjs.ts";

/**
 * The best first. Code that was written for the model, and that somebody has allowed to run, knows more than its parts do; ONNX Runtime
 * answers several times as fast as TensorFlow.js.
 */
const BUILT_IN: readonly Flavor[] = [javascriptFlavor, onnxFlavor, tfjsFlavor];

/** Only Python has these. */
const RESERVED: ReadonlySet<string> = new Set(["python_function"]);

const registered = () => processSlot<Map<string, Flavor>>("flavors", () => new Map());

/** All flavors, the ones that were plugged in first. */
export function allFlavors(): readonly Flavor[] {
  const own = registered();
  return [...own.values(), ...BUILT_IN.filter(({ name }) => !own.has(name))];
}

/**
 * Plugs in a flavor for the whole process: {@link saveModel} asks it whether a model is its own before the built-in ones, and
 * {@link loadModel} prefers it. One with the name of another takes its place.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import { readFile, writeFile } from "node:fs/promises";
 * import { join } from "node:path";
 * import { registerFlavor } from "tidemark/models";
 *
 * class Line {
 *   constructor(readonly slope: number) {}
 * }
 * registerFlavor({
 *   name: "line",
 *   accepts: (model) => model instanceof Line,
 *   async save(model, { directory }) {
 *     await writeFile(join(directory, "line.json"), JSON.stringify(model));
 *     return { config: { data: "line.json" } };
 *   },
 *   missing: () => undefined,
 *   async load({ directory }) {
 *     const { slope } = JSON.parse(await readFile(join(directory, "line.json"), "utf8"));
 *     const run = async (x: unknown) => (x as number[]).map((value) => slope * value);
 *     return { takes: "values", native: slope, run, close: () => {} };
 *   },
 * });
 * ```
 */
export function registerFlavor(flavor: Flavor): void {
  const { name } = flavor ?? {};
  if (typeof name !== "string" || !/^[a-z][a-z0-9_]*$/.test(name) || RESERVED.has(name)) {
    throw invalidArgument("flavor.name", name, "lower case letters, digits and _, and not python_function");
  }
  for (const method of ["accepts", "save", "missing", "load"] as const) {
    if (typeof flavor[method] !== "function") throw invalidArgument(`flavor.${method}`, flavor[method], "a function");
  }
  registered().set(name, flavor);
}
