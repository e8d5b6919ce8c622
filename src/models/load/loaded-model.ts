import { invalidArgument, messageOf, TidemarkError } from "../../base/errors.ts";
import type { Mlmodel } from "../../mlmodel/mlmodel-schema.ts";
import type { Signature } from "../../mlmodel/signature-schema.ts";
import type { ModelPorts, Predictor, TensorPredictor } from "../flavors/flavor.ts";
import { checkInput } from "../predict/check-input.ts";
import { InputPlan } from "../predict/input-plan.ts";
import { OutputPlan } from "../predict/output-plan.ts";
import { checkParams } from "../predict/params.ts";
import type { PredictInput, PredictOutput } from "../predict/predict-types.ts";
import { abortable } from "./abortable.ts";
import { readInputExample } from "./read-input-example.ts";

/** What goes with one call of {@link LoadedModel.predict}. */
export interface PredictOptions {
  /** Values for the params of the signature; the others keep their defaults. */
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** Stops waiting for the answer. */
  readonly signal?: AbortSignal | undefined;
}

type Predict = (
  input: PredictInput,
  params: Readonly<Record<string, unknown>>,
  signal: AbortSignal | undefined,
) => Promise<unknown>;

/** What a model was loaded from, and by what. */
export interface LoadedModelParts {
  readonly directory: string;
  readonly mlmodel: Mlmodel;
  readonly signature: Signature | undefined;
  readonly flavor: string;
  readonly predictor: Predictor;
  /** Takes the files away when the model is closed. */
  readonly remove?: (() => Promise<void>) | undefined;
}

const NO_PARAMS: Readonly<Record<string, unknown>> = Object.freeze({});

/** A model that answers. Made by `loadModel`; `close` lets go of what it holds. */
export class LoadedModel {
  /** Where its files are on this machine. */
  readonly directory: string;
  /** The form it was loaded in. */
  readonly flavor: string;
  /** What it takes and gives; `undefined` where nobody has said. */
  readonly signature: Signature | undefined;
  readonly #mlmodel: Mlmodel;
  readonly #predictor: Predictor;
  readonly #predict: Predict;
  readonly #remove: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;

  /** @internal Made by `loadModel`. */
  constructor({ directory, mlmodel, signature, flavor, predictor, remove }: LoadedModelParts) {
    this.directory = directory;
    this.flavor = flavor;
    this.signature = signature;
    this.#mlmodel = mlmodel;
    this.#predictor = predictor;
    this.#remove = remove;
    this.#predict =
      predictor.takes === "tensors" ? predictTensors(predictor, signature) : predictValues(predictor, signature);
  }

  /** All forms the model is in, also those that cannot be loaded here. */
  get flavors(): readonly string[] {
    return Object.keys(this.#mlmodel.flavors);
  }

  /** What its maker has said of it beside. */
  get metadata(): Readonly<Record<string, unknown>> {
    return this.#mlmodel.metadata ?? {};
  }

  /** `m-…`, where a tracking server knows the model. */
  get modelId(): string | undefined {
    return this.#mlmodel.model_id ?? undefined;
  }

  /** The run that has produced it, where that is known. */
  get runId(): string | undefined {
    return this.#mlmodel.run_id ?? undefined;
  }

  /** What the loaded form takes and gives by its own account; `undefined` for code, which takes anything. */
  get ports(): ModelPorts | undefined {
    return this.#predictor.takes === "tensors" ? this.#predictor.ports : undefined;
  }

  /** What the runtime made of it: the session of ONNX Runtime, a `tf.LayersModel`, what the module's `load` has answered. */
  get native(): unknown {
    return this.#predictor.native;
  }

  /**
   * Asks the model. Input comes as a typed array, nested arrays, `{ data, dims }`, several of these by name, or rows; it is checked and
   * cast by the signature, and the output comes in the same terms: `predict<number[][]>(…)` says so to the compiler.
   *
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` with the field that does not fit; `INVALID_STATE` after `close`; `INTERNAL_ERROR` for
   *   what the runtime throws; `CANCELLED`
   */
  async predict<Output extends PredictOutput = PredictOutput>(
    input: PredictInput,
    { params, signal }: PredictOptions = {},
  ): Promise<Output> {
    if (this.#closing !== undefined) throw new TidemarkError("INVALID_STATE", "the model is closed");
    const values =
      params === undefined && this.signature?.params === undefined ? NO_PARAMS : checkParams(this.signature, params);
    const answer = () => this.#predict(input, values, signal) as Promise<Output>;
    return await (signal === undefined ? answer() : abortable(signal, answer));
  }

  /** The input that was saved with the model, as `predict` takes it; `undefined` where there is none. */
  async inputExample(): Promise<PredictInput | undefined> {
    return readInputExample(this.directory, this.#mlmodel.saved_input_example_info ?? undefined);
  }

  /** Lets go of the memory the model has outside of JavaScript. Harmless twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#predictor.close();
    } finally {
      await this.#remove?.();
    }
  }
}

function predictTensors(predictor: TensorPredictor, signature: Signature | undefined): Predict {
  const { inputs, outputs } = predictor.ports;
  const inputPlan = new InputPlan(signature, inputs);
  const outputPlan = new OutputPlan(signature, outputs);
  const run: TensorPredictor["run"] = async (tensors, context) => {
    try {
      return await predictor.run(tensors, context);
    } catch (error) {
      if (error instanceof TidemarkError) throw error;
      throw new TidemarkError("INTERNAL_ERROR", `the model cannot answer: ${messageOf(error)}`, { cause: error });
    }
  };
  return async (input, params, signal) => {
    const { tensors, form } = inputPlan.encode(input);
    return outputPlan.decode(await run(tensors, { params, signal }), form);
  };
}

function predictValues(predictor: Extract<Predictor, { takes: "values" }>, signature: Signature | undefined): Predict {
  return async (input, params, signal) => {
    if (input === undefined || input === null) throw invalidArgument("input", input, "what the model takes");
    return await predictor.run(checkInput(signature, input), { params, signal });
  };
}
