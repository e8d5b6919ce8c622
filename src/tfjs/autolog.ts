import { invalidArgument } from "../base/errors.ts";
import { processSlot } from "../base/process-state.ts";
import { checkArgument } from "../schema/check.ts";
import { Installation } from "./installation.ts";
import { type AutologOptions, autologOptionsSchema } from "./options.ts";
import type { Namespace, TensorFlow } from "./tensorflow.ts";

/** What {@link autolog} answers. */
export interface Autolog {
  /**
   * Takes the hooks out: every original is back when the call returns. The promise settles when the runs of training loops have ended,
   * and never rejects.
   */
  disable(): Promise<void>;
}

/** One for every TensorFlow.js of the process, however many copies of this package there are. */
const installations = () => processSlot("tfjs-autolog", () => new Set<Installation>());

/**
 * Records every training of TensorFlow.js from now on: params, metrics of batches and epochs, datasets, the model. Each goes into the active
 * run, else into a run of its own, which ends with it. What fails while recording is said once and never reaches the training.
 *
 * Called again it only changes the options.
 *
 * @param tf - The TensorFlow.js that the program uses, as imported: `@tensorflow/tfjs` or `@tensorflow/tfjs-node`.
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { autolog } from "tidemark/tfjs";
 *
 * autolog(tf);
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
 * model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
 * await model.fit(tf.tensor2d([[1], [2], [3]]), tf.tensor2d([[2], [4], [6]]), { epochs: 3, verbose: 0 });
 * ```
 */
export function autolog(tf: TensorFlow, options: AutologOptions = {}): Autolog {
  const checked = checkArgument("options", autologOptionsSchema, options);
  if (typeof tf !== "object" || tf === null || (tf.LayersModel === undefined && tf.Optimizer === undefined)) {
    throw invalidArgument("tf", tf, 'TensorFlow.js: import * as tf from "@tensorflow/tfjs"');
  }
  const namespace = tf as Namespace;
  const known = [...installations()].find((installation) => installation.covers(namespace));
  const installation = known ?? new Installation(namespace, checked);
  const disable = (): Promise<void> => {
    installations().delete(installation);
    return installation.disable();
  };
  if (checked.disable) void disable();
  else {
    installation.install(namespace, checked);
    installations().add(installation);
  }
  return { disable };
}
