import type { ModelData } from "../models/signature/infer-signature.ts";
import type { Run } from "../tracking/run.ts";
import type { LabelledData } from "./confusion-matrix.ts";
import type { Guard } from "./guard.ts";
import { inputExampleOf } from "./input-example.ts";
import type { CheckedAutologOptions } from "./options.ts";
import { type Model, type Namespace, type Tensor, type Tensors, tensorsByName } from "./tensorflow.ts";
import { describeTrainingData } from "./training-data.ts";

/** What reading the data of a training depends on. */
export interface FitDataParts {
  readonly tf: Namespace;
  readonly guard: Guard;
  readonly options: CheckedAutologOptions;
  readonly run: Run;
  readonly model: Model;
}

/** What a model is trained on and validated with: described in the run, and kept where it is needed at the end. */
export class FitData {
  /** The first examples; absent where they are not wanted or not known. */
  inputExample: ModelData | undefined;
  /** What a confusion matrix can be made of: the validation data, else the training data. */
  labelled: LabelledData | undefined;
  readonly #parts: FitDataParts;

  constructor(parts: FitDataParts) {
    this.#parts = parts;
  }

  /** Of `fit`. */
  readArguments(x: unknown, y: unknown, validationData: unknown): void {
    this.#keepExample(x);
    this.#describe("train", x, y);
    this.labelled = { x: x as Tensors, y };
    this.readValidation(validationData);
  }

  /** Where it is a dataset, nothing is known of it. */
  readValidation(validationData: unknown): void {
    if (!Array.isArray(validationData)) return;
    const [x, y] = validationData;
    this.#describe("eval", x, y);
    this.labelled = { x, y };
  }

  /** Of `fitDataset`: what comes after the first batch is not known before the training ends. Answers its size. */
  readBatch(batch: unknown): number | undefined {
    const [x, y] = Array.isArray(batch) ? batch : [Reflect.get(Object(batch), "xs"), Reflect.get(Object(batch), "ys")];
    this.#keepExample(x);
    this.#describe("train", x, y);
    return [...tensorsByName(x, this.#parts.model.inputNames).values()][0]?.shape[0];
  }

  #keepExample(x: unknown): void {
    const { options, tf, guard, model } = this.#parts;
    if (!options.logModels || !options.logInputExamples) return;
    this.inputExample = guard.attempt("reading the input example", () =>
      inputExampleOf(tf, tensorsByName(x, model.inputNames)),
    );
  }

  #describe(context: "train" | "eval", x: unknown, y: unknown): void {
    const { options, guard, model, run } = this.#parts;
    if (!options.logDatasets) return;
    guard.attempt("describing the dataset", () => {
      const tensors = new Map([
        ...named("x", tensorsByName(x, model.inputNames)),
        ...named("y", tensorsByName(y, model.outputNames)),
      ]);
      if (tensors.size > 0) run.logInput(describeTrainingData(tensors), { context });
    });
  }
}

/** One tensor is named by its part alone. */
function named(part: string, tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] {
  return [...tensors].map(([name, tensor]) => [tensors.size === 1 ? part : `${part}.${name}`, tensor]);
}
