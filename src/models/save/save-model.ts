import { resolve } from "node:path";
import { log } from "../../base/diagnostics.ts";
import { invalidArgument } from "../../base/errors.ts";
import { newDirectory } from "../../disk/new-directory.ts";
import { MLMODEL_FILE } from "../../mlmodel/mlmodel-file.ts";
import { checkArgument } from "../../schema/check.ts";
import { type SaveOptions, saveOptionsSchema } from "./save-options.ts";
import { type WrittenModel, writeModel } from "./write-model.ts";

/** A model that lies in a directory. */
export interface SavedModel extends WrittenModel {
  /** Absolute. */
  readonly directory: string;
}

/**
 * Saves a model as MLflow keeps models: a directory with an `MLmodel`, in every form it has. It appears whole or not at all.
 *
 * A layers model of TensorFlow.js is saved in its own files and as ONNX, which is what Python, `mlflow models serve` and MLflow's UI
 * take. Where ONNX Runtime is installed both forms are run on the example, and the difference is kept in the metadata
 * (`tidemark.onnxDifference`, in proportion to the largest output). A model without an ONNX form is saved all the same, with a warning.
 *
 * @param directory - Made with its parents. A directory that holds anything is refused; with `overwrite` a model gives way.
 * @param model - A layers or graph model of TensorFlow.js; bytes of an ONNX model, or the path of its file; `{ module }`, a path of an ES
 *   module with `load` and `predict`; what a flavor of your own accepts.
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`; `RESOURCE_ALREADY_EXISTS` for a directory that holds anything; with `strict` also where the model has no ONNX form, or `INTERNAL_ERROR` where that
 *   answers otherwise; the codes of storage
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { saveModel } from "tidemark/models";
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: "softmax" })] });
 * const { flavors } = await saveModel("./iris", model, { tf, inputExample: [[5.1, 3.5, 1.4, 0.2]], overwrite: true });
 * console.log(flavors);
 * ```
 */
export async function saveModel(directory: string, model: unknown, options: SaveOptions = {}): Promise<SavedModel> {
  if (typeof directory !== "string" || directory === "") throw invalidArgument("directory", directory, "a path");
  const { overwrite, ...form } = checkArgument("options", saveOptionsSchema, options);
  const target = resolve(directory);
  const written = await newDirectory(target, { replaces: overwrite ? MLMODEL_FILE : undefined }, (temporary) =>
    writeModel(temporary, model, form),
  );
  for (const warning of written.warnings) log("warn", warning);
  return { directory: target, ...written };
}
