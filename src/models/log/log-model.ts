import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { log } from "../../base/diagnostics.ts";
import { invalidArgument } from "../../base/errors.ts";
import { isDisabled } from "../../base/platform.ts";
import { temporaryPlace } from "../../base/user-places.ts";
import { storageError } from "../../disk/storage-errors.ts";
import { checkArgument } from "../../schema/check.ts";
import type { Run } from "../../tracking/run.ts";
import { type WrittenModel, writeModel } from "../save/write-model.ts";
import { type CheckedLogModelOptions, type LogModelOptions, logModelOptionsSchema } from "./log-options.ts";
import { registerLogged } from "./register-logged.ts";
import { type LoggedPlace, uploadModel } from "./upload-model.ts";

/** A model that a run has logged. */
export interface LoggedModelInfo extends Omit<WrittenModel, "mlmodel"> {
  /** `models:/<model id>`; `runs:/<run>/<name>` where the server is away, or keeps no logged models. */
  readonly uri: string;
  readonly name: string;
  /** `m-…`; absent where the server is away, or keeps no logged models. */
  readonly modelId?: string;
  /** Of the registered model, where one was asked for. */
  readonly version?: number;
}

/**
 * Logs a model that a run has made: in MLflow's terms a logged model, with the params and the latest metrics of the run. Python loads it by
 * `models:/<model id>` and by `runs:/<run>/<name>`, and MLflow's UI shows it.
 *
 * While the run's server is away the files go to the run's artifacts, which are brought there later; `runs:/<run>/<name>` is the model then.
 *
 * @param model - What `saveModel` takes.
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`, `CANCELLED`, what saving and uploading throw. A logged model that was
 *   begun is FAILED then.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { withRun } from "tidemark";
 * import { logModel } from "tidemark/models";
 *
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: "softmax" })] });
 * await withRun({ experiment: "docs" }, async (run) => {
 *   run.logMetric("accuracy", 0.97);
 *   const { uri } = await logModel(run, model, { tf, name: "iris", registeredModelName: "iris" });
 *   console.log(uri);
 * });
 * ```
 */
export async function logModel(run: Run, model: unknown, options: LogModelOptions = {}): Promise<LoggedModelInfo> {
  const logged = await logQuietly(run, model, options);
  for (const warning of logged.warnings) log("warn", warning);
  return logged;
}

/** The same, with what is to be known only in the answer. */
export async function logQuietly(run: Run, model: unknown, options: LogModelOptions): Promise<LoggedModelInfo> {
  if (typeof run !== "object" || run === null || !("home" in run)) {
    throw invalidArgument("run", run, "what startRun() answers");
  }
  const checked = checkArgument("options", logModelOptionsSchema, options);
  if (checked.alias !== undefined && checked.registeredModelName === undefined) {
    throw invalidArgument("options.alias", checked.alias, "a registeredModelName beside it");
  }
  if (isDisabled()) return { ...NOTHING, uri: runUri(run, checked.name), name: checked.name };
  return await run.track(logInto(run, model, checked));
}

const NOTHING = { flavors: [], signature: undefined, onnxCheck: undefined, warnings: [] };

async function logInto(run: Run, model: unknown, options: CheckedLogModelOptions): Promise<LoggedModelInfo> {
  const { name, registeredModelName, alias, modelType, step, params, tags, onProgress, signal, ...form } = options;
  const directory = await makeTemporary();
  try {
    const place: LoggedPlace = { run, name, modelType, step, params, tags };
    const { written, modelId } = await uploadModel(place, directory, { onProgress, signal }, (identify) =>
      writeModel(directory, model, form, identify),
    );
    const { mlmodel: _, ...info } = written;
    if (modelId === undefined) {
      const warnings = registeredModelName === undefined ? [] : [notRegistered(run, name, registeredModelName)];
      return { ...info, uri: runUri(run, name), name, warnings: [...info.warnings, ...warnings] };
    }
    const logged = { ...info, uri: `models:/${modelId}`, name, modelId };
    if (registeredModelName === undefined) return logged;
    return { ...logged, version: await registerLogged(run, logged.uri, registeredModelName, alias) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const runUri = (run: Run, name: string) => `runs:/${run.backendId ?? run.id}/${name}`;

const notRegistered = (run: Run, name: string, registeredName: string) =>
  `${runUri(run, name)} is not registered as ${registeredName}, because its server is away: do so when it is back`;

async function makeTemporary(): Promise<string> {
  try {
    return await mkdtemp(join(temporaryPlace(), "tidemark-model-"));
  } catch (error) {
    throw storageError("write", temporaryPlace(), error);
  }
}
