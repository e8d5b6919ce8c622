import { invalidArgument } from "../base/errors.ts";
import { processSlot } from "../base/process-state.ts";
import { checkArgument } from "../schema/check.ts";
import { Hooks } from "./hooks.ts";
import { type AutologOptions, autologOptionsSchema } from "./options.ts";
import type { OrtClass, OrtNamespace, OrtPackage } from "./ort-types.ts";

/** What {@link autolog} answers. */
export interface AutologHandle {
  /**
   * Puts every method of ONNX Runtime back as it was, at once, and ends the runs that sessions had of their own.
   *
   * @returns Settles when these runs have ended; never rejects.
   */
  disable(): Promise<void>;
}

// Of every copy of ONNX Runtime: onnxruntime-node and onnxruntime-web have classes of their own, and so have ESM and CommonJS.
const installed = () => processSlot("onnxruntime-autolog", () => new WeakMap<object, Hooks>());

/**
 * Records every session of ONNX Runtime from now on: latency, throughput, errors, the model and its signature; of a training loop the
 * scalars that each step answers. Sessions that are there already are recorded from their next run on.
 *
 * Records into the active run; where there is none, every session gets a run of its own with its first `run`, which ends with
 * `session.release()`, with `disable()`, or with the process. What fails here never reaches the program: it is said once.
 *
 * A second call with the same `ort` changes the options, and nothing else.
 *
 * @param ort - `import * as ort from "onnxruntime-node"`, or `"onnxruntime-web"`, of any version; or its default export.
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import * as ort from "onnxruntime-node";
 * import { autolog } from "tidemark/onnxruntime";
 *
 * autolog(ort);
 * ```
 */
export function autolog(ort: OrtPackage, options: AutologOptions = {}): AutologHandle {
  const namespace = namespaceOf(ort);
  const checked = checkArgument("options", autologOptionsSchema, options);
  const copies = installed();
  const key = namespace.InferenceSession;
  let hooks = copies.get(key);
  if (hooks?.isOn === true) hooks.options = checked;
  else {
    hooks = new Hooks(namespace, checked);
    copies.set(key, hooks);
  }
  return { disable: () => (hooks as Hooks).remove() };
}

function namespaceOf(ort: unknown): OrtNamespace {
  for (const candidate of [ort, (ort as { default?: unknown } | undefined | null)?.default]) {
    const { InferenceSession } = (candidate ?? {}) as Partial<OrtNamespace>;
    if (isClass(InferenceSession)) return candidate as OrtNamespace;
  }
  throw invalidArgument("ort", ort, "the namespace of an ONNX Runtime package, with InferenceSession in it");
}

const isClass = (value: unknown): value is OrtClass =>
  typeof value === "function" && typeof (value as unknown as OrtClass).create === "function";
