/** One thing that is recorded. */
export interface RecordedName {
  readonly kind: "param" | "metric" | "tag" | "artifact" | "model" | "dataset";
  /** `<…>` stands for what differs. */
  readonly name: string;
  readonly meaning: string;
}

const of = (kind: RecordedName["kind"], names: Readonly<Record<string, string>>): readonly RecordedName[] =>
  Object.entries(names).map(([name, meaning]) => ({ kind, name, meaning }));

/** Everything that autolog records of TensorFlow.js, under which name. docs/guide/autolog.md shows this table. */
export const RECORDED_NAMES: readonly RecordedName[] = [
  ...of("param", {
    epochs: "`fit`, `fitDataset`: `epochs`",
    batch_size: "`batchSize`, 32 where it is left out; of `fitDataset` the size of the first batch",
    steps_per_epoch: "batches in an epoch: `batchesPerEpoch`, else counted from the data",
    initial_epoch: "`initialEpoch`",
    shuffle: "`fit`: `shuffle`",
    validation_split: "`fit`: `validationSplit`",
    validation_batch_size: "`fitDataset`: `validationBatchSize`",
    validation_steps: "`fitDataset`: `validationBatches`",
    class_weight: "`classWeight`, as JSON",
    optimizer_name: "the optimizer's class, such as `Adam`",
    "optimizer_<key>":
      "every value of the optimizer's configuration, by Keras's name: `optimizer_learning_rate`, `optimizer_beta_1`, …",
    loss: "the loss, or the losses as JSON; a function by its name",
    metrics: "the metrics the model was compiled with, as JSON",
    model_name: "`model.name`",
    total_params: "numbers in the model's weights",
    trainable_params: "those that are trained",
    non_trainable_params: "those that are not",
    backend: "`tf.getBackend()`",
    tfjs_version: "version of TensorFlow.js",
    tfjs_node_version: "version of tfjs-node, where that is used",
    runtime: "Node, Deno or Bun, with its version",
    monitor: "early stopping: the metric that is watched",
    min_delta: "early stopping: `minDelta`",
    patience: "early stopping: `patience`",
    baseline: "early stopping: `baseline`, where there is one",
    restore_best_weights: "early stopping: always false, TensorFlow.js cannot",
  }),
  ...of("metric", {
    loss: "loss of an epoch; step = epoch, as all that follows down to `tensor_bytes`",
    "<metric>": "a metric of an epoch, by Keras's name: `accuracy` for `acc`, …",
    val_loss: "loss on the validation data",
    "val_<metric>": "a metric on the validation data",
    learning_rate:
      "the optimizer's learning rate when the epoch ended; in loops of your own at the batch where it changes",
    examples_per_second: "examples trained on in a second of the epoch, validation and callbacks included",
    epoch_seconds: "duration of the epoch",
    tensors:
      "`tf.memory().numTensors` at the end of the epoch: it grows where tensors are leaked; TensorFlow.js itself keeps one for each metric of each epoch until `fit` ends",
    tensor_bytes: "`tf.memory().numBytes`",
    batch_loss:
      "loss of a batch, from `fit`, `fitDataset`, `trainOnBatch` and `minimize`; step = batches since the run began",
    "batch_<metric>": "a metric of a batch",
    validation_loss: "`evaluate`, `evaluateDataset`: the loss; one step for every call",
    "validation_<metric>": "`evaluate`, `evaluateDataset`: a metric",
    stopped_epoch: "the epoch after which the training was stopped early",
    best_epoch: "early stopping: the epoch with the best value",
    best_value: "early stopping: the best value of the metric that is watched",
  }),
  ...of("tag", {
    "tidemark.autolog": "`tfjs`: the run was opened by autolog",
    "tidemark.stoppedEarly": "who stopped the training before its last epoch: `EarlyStopping` or `stopTraining`",
    "tidemark.error": "the error that `fit` has thrown; the run is FAILED",
  }),
  ...of("artifact", {
    "model_summary.txt": "`model.summary()`",
    "layers.json": "a table of the layers: name, type, output shape, params, trainable",
    "confusion_matrix.json": "with `confusionMatrix`: what was taken for what; a row for each true class",
  }),
  ...of("model", {
    model:
      "the trained model, a logged model of MLflow's: TensorFlow.js's own files, ONNX for Python and servers, signature, the first examples it was trained on, five at most",
  }),
  ...of("dataset", {
    train: "what the model was trained on",
    eval: "`validationData`",
  }),
];

// The names Keras has for what TensorFlow.js calls otherwise. Names that people have given, to outputs and functions, stay.
const KERAS_METRICS: Readonly<Record<string, string>> = {
  acc: "accuracy",
  ce: "crossentropy",
  MSE: "mse",
  MAE: "mae",
  MAPE: "mape",
  binaryAccuracy: "binary_accuracy",
  categoricalAccuracy: "categorical_accuracy",
  sparseCategoricalAccuracy: "sparse_categorical_accuracy",
  binaryCrossentropy: "binary_crossentropy",
  categoricalCrossentropy: "categorical_crossentropy",
  sparseCategoricalCrossentropy: "sparse_categorical_crossentropy",
  meanSquaredError: "mean_squared_error",
  meanAbsoluteError: "mean_absolute_error",
  meanAbsolutePercentageError: "mean_absolute_percentage_error",
  meanSquaredLogarithmicError: "mean_squared_logarithmic_error",
  kullbackLeiblerDivergence: "kullback_leibler_divergence",
  squaredHinge: "squared_hinge",
  categoricalHinge: "categorical_hinge",
  cosineProximity: "cosine_proximity",
};
const METRIC_WORD = new RegExp(`(?<=^|_)(?:${Object.keys(KERAS_METRICS).join("|")})(?=$|_\\d+$)`);

const KERAS_OPTIMIZER_KEYS: Readonly<Record<string, string>> = { useNesterov: "nesterov" };

/**
 * Keras's name for a metric of TensorFlow.js, of validation and of one output among several too: `val_acc` is `val_accuracy`,
 * `meanSquaredError` is `mean_squared_error`. What MLflow does not allow in a key becomes `_`.
 */
export function metricName(label: string): string {
  const renamed = label.replace(METRIC_WORD, (word) => KERAS_METRICS[word] as string);
  return renamed.replace(/[^/\p{L}\p{N}_.\- :]/gu, "_") || "_";
}

/** `beta1` is `optimizer_beta_1`. */
export function optimizerParamName(key: string): string {
  const words = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/(?<=[a-z])(?=\d)/g, "_");
  return `optimizer_${KERAS_OPTIMIZER_KEYS[key] ?? words}`;
}
