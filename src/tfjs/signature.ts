import type { Model, SymbolicTensor } from "./tensorflow.ts";

/** The form of what a model takes and gives, in MLflow's words: a tensor for each input and output, `-1` for the examples. */
export function signatureOf(model: Model): object {
  return {
    inputs: model.inputs.map((input, index) => specOf(model.inputNames[index] ?? input.name, input)),
    outputs: model.outputs.map((output, index) => specOf(model.outputNames[index] ?? output.name, output)),
  };
}

const specOf = (name: string, { shape, dtype }: SymbolicTensor) => ({
  name,
  type: "tensor",
  "tensor-spec": { dtype, shape: shape.map((length) => length ?? -1) },
});
