import { warnOnce } from "../base/diagnostics.ts";
import { messageOf } from "../base/errors.ts";
import { modelFacts } from "./model-facts.ts";
import type { CheckedOptions } from "./options.ts";
import type { OrtNamespace } from "./ort-types.ts";
import { type AnyMethod, replaceMethod } from "./replace-method.ts";
import { askedOptions } from "./session-facts.ts";
import {
  type Creation,
  inferenceModel,
  inferenceParts,
  type ModelArgs,
  type PartsOf,
  parametersOf,
  trainingModel,
  trainingParts,
} from "./session-parts.ts";
import { SessionRecorder, UNRECORDED } from "./session-recorder.ts";

/** The hooks in one copy of ONNX Runtime. */
export class Hooks {
  readonly #ort: OrtNamespace;
  readonly #recorders = new WeakMap<object, SessionRecorder>();
  readonly #open = new Set<SessionRecorder>();
  /** Sessions need not be released. */
  readonly #collected = new FinalizationRegistry<SessionRecorder>((recorder) => this.#finish(recorder));
  readonly #restore: (() => void)[] = [];
  #options: CheckedOptions;
  #isOn = true;

  constructor(ort: OrtNamespace, options: CheckedOptions) {
    this.#ort = ort;
    this.#options = options;
    this.#hookInference();
    this.#hookTraining();
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  set options(options: CheckedOptions) {
    this.#options = options;
  }

  /** Puts every method back at once; settles when the runs that sessions had of their own have ended. Never rejects. */
  async remove(): Promise<void> {
    this.#isOn = false;
    for (const restore of this.#restore.splice(0)) restore();
    await Promise.all([...this.#open].map((recorder) => this.#finish(recorder)));
  }

  #hookInference(): void {
    const { InferenceSession } = this.#ort;
    const { prototype } = InferenceSession;
    this.#hook(InferenceSession, "create", (original) => this.#create(original, inferenceModel, inferenceParts));
    this.#hook(prototype, "run", (original) => this.#run(original, inferenceParts));
    this.#hook(prototype, "release", (original) => this.#release(original));
  }

  #hookTraining(): void {
    const { TrainingSession } = this.#ort;
    if (TrainingSession === undefined) return;
    const { prototype } = TrainingSession;
    this.#hook(TrainingSession, "create", (original) => this.#create(original, trainingModel, trainingParts));
    this.#hook(prototype, "runTrainStep", (original) => this.#run(original, trainingParts));
    this.#hook(prototype, "runEvalStep", (original) =>
      this.#watch(original, trainingParts, (recorder, outputs) => recorder.evaluated(outputs)),
    );
    this.#hook(prototype, "runOptimizerStep", (original) =>
      this.#watch(original, trainingParts, (recorder) => recorder.optimized()),
    );
    this.#hook(prototype, "release", (original) => this.#release(original));
  }

  #hook(owner: object, name: string, hookFor: (original: AnyMethod) => AnyMethod): void {
    const restore = replaceMethod(owner, name, hookFor);
    if (restore !== undefined) this.#restore.push(restore);
  }

  #create(original: AnyMethod, modelArgs: ModelArgs, partsOf: PartsOf): AnyMethod {
    const hooks = this;
    return function (this: object, ...args) {
      if (!hooks.#isOn) return Reflect.apply(original, this, args);
      // Before the call: onnxruntime-web changes the options, and bytes may be handed to a worker.
      const facts = attempt("a model", () => ({
        model: modelFacts(modelArgs(args), hooks.#options.hashModel),
        asked: askedOptions(args),
      }));
      const startedAt = performance.now();
      return whenDone(Reflect.apply(original, this, args), (session) => {
        const durationMs = performance.now() - startedAt;
        attempt("a session", () => {
          if (facts === undefined || typeof session !== "object" || session === null) return;
          hooks.#watchSession(session, partsOf, { ...facts, durationMs, ...parametersOf(session) });
        });
      });
    };
  }

  #run(original: AnyMethod, partsOf: PartsOf): AnyMethod {
    const hooks = this;
    return function (this: object, ...args) {
      const recorder = hooks.#recorderOf(this, partsOf);
      const step = recorder?.begin(args[0]) ?? UNRECORDED;
      if (recorder === undefined || step === UNRECORDED) return Reflect.apply(original, this, args);
      const examples = recorder.batchSize(args[0]);
      const onError = (error: unknown) => recorder.failed(error);
      if (!recorder.isSampled(step)) {
        return whenDone(callWatched(original, this, args, onError), () => recorder.counted(examples), onError);
      }
      const startedAt = performance.now();
      recorder.started(startedAt);
      const onDone = (outputs: unknown) => recorder.done(step, startedAt, examples, args, outputs);
      return whenDone(callWatched(original, this, args, onError), onDone, onError);
    };
  }

  #watch(
    original: AnyMethod,
    partsOf: PartsOf,
    onDone: (recorder: SessionRecorder, outputs: unknown) => void,
  ): AnyMethod {
    const hooks = this;
    return function (this: object, ...args) {
      const recorder = hooks.#recorderOf(this, partsOf);
      if (recorder === undefined) return Reflect.apply(original, this, args);
      const onError = (error: unknown) => recorder.failed(error);
      const result = callWatched(original, this, args, onError);
      return whenDone(result, (outputs) => attempt("a step", () => onDone(recorder, outputs)), onError);
    };
  }

  #release(original: AnyMethod): AnyMethod {
    const hooks = this;
    return function (this: object, ...args) {
      const recorder = hooks.#recorders.get(this);
      if (recorder !== undefined) void hooks.#finish(recorder);
      return Reflect.apply(original, this, args);
    };
  }

  #recorderOf(session: object, partsOf: PartsOf): SessionRecorder | undefined {
    const recorder = this.#recorders.get(session);
    if (recorder !== undefined || !this.#isOn) return recorder;
    return attempt("a session", () => this.#watchSession(session, partsOf));
  }

  #watchSession(session: object, partsOf: PartsOf, creation?: Creation): SessionRecorder {
    const parts = { ...partsOf(session, this.#ort), creation };
    const recorder = new SessionRecorder(parts, () => this.#options);
    this.#recorders.set(session, recorder);
    this.#open.add(recorder);
    this.#collected.register(session, recorder);
    return recorder;
  }

  async #finish(recorder: SessionRecorder): Promise<void> {
    await recorder.finish();
    this.#open.delete(recorder);
  }
}

/** Nothing that goes wrong while recording may reach the user's program. */
function attempt<T>(what: string, body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    warnOnce(`onnxruntime:${what}`, `onnxruntime: ${what} could not be recorded: ${messageOf(error)}`);
    return undefined;
  }
}

function callWatched(
  original: AnyMethod,
  session: object,
  args: unknown[],
  onError: (error: unknown) => void,
): unknown {
  try {
    return Reflect.apply(original, session, args);
  } catch (error) {
    onError(error);
    throw error;
  }
}

/**
 * Looks at what a promise brings before its caller does, and passes it on as it is. The promise is another one: a handler on the original
 * would make an error that nobody catches pass unseen.
 */
function whenDone(result: unknown, onDone: (value: unknown) => void, onError?: (error: unknown) => void): unknown {
  if (!isPromise(result)) return result;
  return result.then(
    (value) => {
      onDone(value);
      return value;
    },
    onError === undefined
      ? undefined
      : (error) => {
          onError(error);
          throw error;
        },
  );
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof value === "object" && value !== null && typeof (value as Record<string, unknown>).then === "function";
