import type { ModelFacts } from "./model-facts.ts";
import type { OrtNamespace, OrtSession, OrtTrainingSession, OrtValues } from "./ort-types.ts";
import { type AskedOptions, runtimeOf } from "./session-facts.ts";

/** Numbers of values that a training session learns, and has. */
export interface ParameterCounts {
  readonly trainable: number;
  readonly all: number;
}

/** How a session came to be; of one that was there before autolog nothing is known. */
export interface Creation {
  readonly model: ModelFacts;
  readonly asked: AskedOptions;
  readonly durationMs: number;
  readonly parameters?: Promise<ParameterCounts | undefined>;
}

/** What is kept of a session. Not the session itself: that may be collected. */
export interface SessionParts extends OrtSession {
  /** The output that is the loss of a training session, whatever its name. */
  readonly lossOutput?: string | undefined;
  readonly creation?: Creation | undefined;
  readonly runtime?: ReturnType<typeof runtimeOf>;
}

/** Reads a session. */
export type PartsOf = (session: object, ort: OrtNamespace) => SessionParts;

export const inferenceParts: PartsOf = (session, ort) => {
  const { inputNames, outputNames, inputMetadata, outputMetadata } = session as OrtSession;
  return {
    inputNames,
    outputNames,
    ...(inputMetadata === undefined ? {} : { inputMetadata }),
    ...(outputMetadata === undefined ? {} : { outputMetadata }),
    runtime: runtimeOf(ort),
  };
};

export const trainingParts: PartsOf = (session, ort) => {
  const { trainingInputNames, trainingOutputNames } = session as OrtTrainingSession;
  return {
    inputNames: trainingInputNames,
    outputNames: trainingOutputNames,
    lossOutput: trainingOutputNames.find((name) => /loss/i.test(name)) ?? trainingOutputNames[0],
    runtime: runtimeOf(ort),
  };
};

/** Where the model of an inference session is in the arguments of `create`, and where that of a training session is. */
export type ModelArgs = (args: readonly unknown[]) => readonly unknown[];
export const inferenceModel: ModelArgs = (args) => args;
export const trainingModel: ModelArgs = ([options]) => [(options as OrtValues | undefined)?.trainModel];

/** Asks a training session how many parameters it has; others have nothing to ask. */
export function parametersOf(session: object): { parameters?: Promise<ParameterCounts | undefined> } {
  const { getParametersSize } = session as Partial<OrtTrainingSession>;
  if (typeof getParametersSize !== "function") return {};
  const sizes = [true, false].map((onlyTrainable) => getParametersSize.call(session, onlyTrainable));
  return {
    parameters: Promise.all(sizes).then(
      ([trainable, all]) => ({ trainable: trainable as number, all: all as number }),
      () => undefined,
    ),
  };
}
