import { detectRuntime } from "../base/platform.ts";
import { optimizerParamName } from "./names.ts";
import type { FitArguments, Model, Namespace, Optimizer } from "./tensorflow.ts";

/** A param's value; what is missing is not logged. */
type Params = Record<string, unknown>;

const DEFAULT_BATCH_SIZE = 32;

/** How `fit` was called, by Keras's names. */
export function fitParams(given: FitArguments, examples: number | undefined): Params {
  const { batchSize = DEFAULT_BATCH_SIZE, validationSplit = 0 } = given;
  const trained = examples === undefined ? undefined : Math.floor(examples * (1 - validationSplit));
  return {
    epochs: given.epochs ?? 1,
    batch_size: batchSize,
    steps_per_epoch: trained === undefined ? undefined : Math.ceil(trained / batchSize),
    initial_epoch: given.initialEpoch ?? 0,
    shuffle: given.shuffle ?? true,
    validation_split: validationSplit,
    class_weight: asJson(given.classWeight),
  };
}

/** How `fitDataset` was called. The size of a batch is known when the first is there. */
export function fitDatasetParams(given: FitArguments, batches: number | undefined): Params {
  return {
    epochs: given.epochs,
    steps_per_epoch: given.batchesPerEpoch ?? batches,
    initial_epoch: given.initialEpoch ?? 0,
    validation_batch_size: given.validationBatchSize,
    validation_steps: given.validationBatches,
    class_weight: asJson(given.classWeight),
  };
}

export function optimizerParams(optimizer: Optimizer): Params {
  const config = Object.entries(optimizer.getConfig()).map(([key, value]) => [optimizerParamName(key), value] as const);
  return { optimizer_name: optimizer.getClassName(), ...Object.fromEntries(config) };
}

/** What is trained. */
export function modelParams(model: Model): Params {
  const trainable = model.trainableWeights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const total = model.countParams();
  return {
    model_name: model.name,
    total_params: total,
    trainable_params: trainable,
    non_trainable_params: total - trainable,
    // Not by getTrainingConfig: it throws for functions.
    loss: named(model.loss),
    metrics: named(model.metrics),
  };
}

/** Where it is trained. */
export function platformParams(tf: Namespace): Params {
  const { name, version } = detectRuntime();
  return {
    backend: tf.getBackend?.(),
    tfjs_version: tf.version?.tfjs ?? tf.version?.["tfjs-core"] ?? tf.version_core,
    tfjs_node_version: tf.version?.["tfjs-node"],
    runtime: `${name} ${version}`,
  };
}

/** A loss or a metric, or several: functions by their names. TensorFlow.js ends those of its own with `__op`. */
function named(given: unknown): unknown {
  if (given == null) return undefined;
  if (typeof given === "string") return given;
  if (typeof given === "function") return given.name.replace(/_+op$/, "") || "a function";
  const nested = JSON.stringify(given, (_key, value) => (typeof value === "function" ? named(value) : value));
  return nested === "[]" ? undefined : nested;
}

const asJson = (value: unknown) => (value == null ? undefined : JSON.stringify(value));
