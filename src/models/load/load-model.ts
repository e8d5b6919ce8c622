import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { invalidArgument, TidemarkError } from "../../base/errors.ts";
import { localPathOf, schemeOf } from "../../base/file-uri.ts";
import { temporaryPlace } from "../../base/user-places.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { MLMODEL_FILE, readMlmodel } from "../../mlmodel/mlmodel-file.ts";
import type { Mlmodel } from "../../mlmodel/mlmodel-schema.ts";
import { parseSignature } from "../../mlmodel/signature.ts";
import type { Signature } from "../../mlmodel/signature-schema.ts";
import { downloadWhole } from "../../registry/download-whole.ts";
import { parseModelUri } from "../../registry/model-uri.ts";
import { resolveModelUri } from "../../registry/resolve-model-uri.ts";
import { checkArgument } from "../../schema/check.ts";
import { throwIfAborted } from "./abortable.ts";
import { cachedModel } from "./cached-model.ts";
import { chooseFlavor } from "./choose-flavor.ts";
import { type CheckedLoadOptions, type LoadOptions, loadOptionsSchema } from "./load-options.ts";
import { LoadedModel } from "./loaded-model.ts";
import { ModelCache } from "./model-cache.ts";

/**
 * Loads a model that MLflow or Tidemark has saved.
 *
 * @param source - A directory; `runs:/<run>/<path>`, `models:/<name>/<version>`, `models:/<name>@<alias>`, `models:/<model id>`; the URI of a
 *   directory of artifacts. What is not on this machine's disk is downloaded once, and kept.
 * @throws {TidemarkError} `RESOURCE_DOES_NOT_EXIST` where no MLmodel is there; `DATA_DAMAGED` for a package that is not what it says; `NOT_IMPLEMENTED` where none of
 *   its flavors can be loaded here, with their names; `CANCELLED`
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import * as ort from "onnxruntime-node";
 * import { loadModel, saveModel } from "tidemark/models";
 *
 * const layers = [tf.layers.dense({ units: 3, inputShape: [4], activation: "softmax", name: "species" })];
 * await saveModel("./iris", tf.sequential({ layers }), { tf, overwrite: true });
 *
 * const model = await loadModel("./iris", { ort });
 * console.log(await model.predict([[5.1, 3.5, 1.4, 0.2]]));
 * await model.close();
 * ```
 */
export async function loadModel(source: string, options: LoadOptions = {}): Promise<LoadedModel> {
  if (typeof source !== "string" || source === "")
    throw invalidArgument("source", source, "a directory or a model URI");
  const checked = checkArgument("options", loadOptionsSchema, options);
  throwIfAborted(checked.signal);
  const { directory, remove } = await findDirectory(source, checked);
  try {
    throwIfAborted(checked.signal);
    return await loadDirectory(directory, source, checked, remove);
  } catch (error) {
    await remove?.();
    throw error;
  }
}

interface FoundDirectory {
  readonly directory: string;
  /** Takes the files away, where they are nobody else's. */
  readonly remove?: () => Promise<void>;
}

async function findDirectory(source: string, options: CheckedLoadOptions): Promise<FoundDirectory> {
  const { client, cache, onProgress, signal } = options;
  // What was saved here needs no backend.
  if (parseModelUri(source).kind === "location" && (schemeOf(source) ?? "file") === "file") {
    const directory = resolve(localPathOf(source));
    if (!existsSync(join(directory, MLMODEL_FILE))) {
      const message = `there is no ${MLMODEL_FILE} in ${directory}`;
      throw new TidemarkError("RESOURCE_DOES_NOT_EXIST", message, { details: { path: directory } });
    }
    return { directory };
  }
  const model = await resolveModelUri(source, client === undefined ? {} : { client });
  if (model.localDirectory !== undefined) return { directory: model.localDirectory };
  const watch = { onProgress, signal };
  if (cache !== false) return { directory: await cachedModel(model, new ModelCache(cache.dir, cache.maxBytes), watch) };
  const temporary = await mkdtemp(join(temporaryPlace(), "tidemark-model-")).catch((error) => {
    throw storageError("write", temporaryPlace(), error);
  });
  const remove = () => rm(temporary, { recursive: true, force: true });
  try {
    await downloadWhole(model.artifacts, temporary, watch);
    return { directory: temporary, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function loadDirectory(
  directory: string,
  source: string,
  { tf, ort, flavor: wanted, allowCode, sessionOptions }: CheckedLoadOptions,
  remove: (() => Promise<void>) | undefined,
): Promise<LoadedModel> {
  const mlmodel = readMlmodel(directory);
  const signature = signatureOf(directory, mlmodel);
  const { flavor, ...runtimes } = await chooseFlavor(mlmodel, source, { tf, ort, flavor: wanted, allowCode });
  const { flavors } = mlmodel;
  const config = flavors[flavor.name] ?? {};
  const predictor = await flavor.load({ directory, config, flavors, allowCode, sessionOptions, ...runtimes });
  try {
    return new LoadedModel({ directory, mlmodel, signature, flavor: flavor.name, predictor, remove });
  } catch (error) {
    await predictor.close();
    throw error;
  }
}

function signatureOf(directory: string, { signature }: Mlmodel): Signature | undefined {
  if (signature === undefined || signature === null) return undefined;
  const { inputs, outputs, params } = signature;
  if (!inputs && !outputs && !params) return undefined;
  return parseSignature(directory, {
    inputs: inputs ?? null,
    outputs: outputs ?? null,
    params: params ?? null,
  });
}
