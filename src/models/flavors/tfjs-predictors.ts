import { TidemarkError } from "../../base/errors.ts";
import type { TensorMap } from "../predict/ports.ts";
import type { TfModel, TfNamespace, TfTensor } from "../runtimes.ts";
import type { ShapedTensor, TensorData } from "../tensor-value.ts";
import type { ModelPorts, TensorPredictor } from "./flavor.ts";

/** NumPy's names of types to TensorFlow.js's, where they differ. */
const TYPES: Readonly<Record<string, string>> = { str: "string" };

type Answer = TfTensor | TfTensor[];

/** A layers model as a predictor. */
export function layersPredictor(
  tf: TfNamespace,
  model: TfModel,
  ports: ModelPorts,
  close: () => void,
): TensorPredictor {
  const ask = (inputs: readonly TfTensor[]) => model.predict(inputs.length === 1 ? inputs[0] : inputs) as Answer;
  return predictorOf(tf, model, ports, close, ask);
}

/** A graph model as a predictor. Graphs with loops or conditions can only be run asynchronously. */
export function graphPredictor(tf: TfNamespace, model: TfModel, ports: ModelPorts, close: () => void): TensorPredictor {
  const outputNames = ports.outputs.map(({ name }) => name);
  let waits = false;
  const ask = async (inputs: readonly TfTensor[]): Promise<Answer> => {
    const feeds = Object.fromEntries(ports.inputs.map(({ name }, index) => [name, inputs[index] as TfTensor]));
    if (!waits) {
      try {
        return (model.execute as NonNullable<TfModel["execute"]>)(feeds, outputNames);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes("executeAsync")) throw error;
        waits = true;
      }
    }
    return await (model.executeAsync as NonNullable<TfModel["executeAsync"]>)(feeds, outputNames);
  };
  return predictorOf(tf, model, ports, close, ask);
}

function predictorOf(
  tf: TfNamespace,
  native: TfModel,
  ports: ModelPorts,
  close: () => void,
  ask: (inputs: readonly TfTensor[]) => Answer | Promise<Answer>,
): TensorPredictor {
  return {
    takes: "tensors",
    native,
    ports,
    close,
    async run(tensors) {
      const inputs = tensorsOf(tf, ports, tensors);
      try {
        return await valuesOf(ports, [await ask(inputs)].flat());
      } finally {
        for (const input of inputs) input.dispose();
      }
    },
  };
}

/** In the order of the model's inputs. */
function tensorsOf(tf: TfNamespace, { inputs }: ModelPorts, tensors: TensorMap): TfTensor[] {
  return inputs.map(({ name, dtype }) => {
    const { data, dims } = tensors[name] as ShapedTensor;
    return tf.tensor(data, dims, TYPES[dtype] ?? dtype);
  });
}

/** Reads the answers, and lets go of them. */
async function valuesOf({ outputs }: ModelPorts, answers: readonly TfTensor[]): Promise<TensorMap> {
  try {
    if (answers.length !== outputs.length) {
      throw new TidemarkError("INTERNAL_ERROR", `the model gave ${answers.length} of ${outputs.length} outputs`);
    }
    const read = outputs.map(async ({ name }, index) => {
      const tensor = answers[index] as TfTensor;
      return [name, { data: (await tensor.data()) as TensorData, dims: tensor.shape }] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  } finally {
    for (const answer of answers) answer.dispose();
  }
}
