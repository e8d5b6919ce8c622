import type { TensorFlow } from "../models/runtimes.ts";
import type { ModelData } from "../models/signature/infer-signature.ts";
import type { Run } from "../tracking/run.ts";
import type { Guard } from "./guard.ts";
import type { CheckedAutologOptions } from "./options.ts";
import type { Model, Namespace } from "./tensorflow.ts";

/** What is known of a model when its training has ended. */
export interface TrainedModel {
  readonly run: Run;
  readonly tf: Namespace;
  readonly guard: Guard;
  readonly options: CheckedAutologOptions;
  readonly model: Model;
  readonly name: string;
  readonly inputExample: ModelData | undefined;
}

/** Logs a model that was trained, as the options say. Never rejects. */
export async function logTrainedModel({
  run,
  tf,
  guard,
  options,
  model,
  name,
  inputExample,
}: TrainedModel): Promise<void> {
  const { registeredModelName, logModelSignatures } = options;
  await guard.attemptAsync("logging the model", async () => {
    // With the first model only: programs that log none never load it.
    const { logQuietly } = await import("../models/log/log-model.ts");
    const { warnings } = await logQuietly(run, model, {
      name,
      // One that was put together of parts may lack the part that models are tried with.
      ...("tensor" in tf ? { tf: tf as unknown as TensorFlow } : {}),
      ...(logModelSignatures ? {} : { signature: false }),
      ...(inputExample === undefined ? {} : { inputExample }),
      ...(registeredModelName === undefined ? {} : { registeredModelName }),
    });
    for (const warning of warnings) guard.warn("logging the model", warning);
  });
}
