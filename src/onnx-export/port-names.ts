import type { ModelGraph } from "./tensorflow.ts";

/**
 * What the inputs and outputs of a model are called: as TensorFlow.js names them, and a second output of one layer `name_2`. A Sequential
 * that was never used does not have the names yet, so its layers are asked.
 */
export function portNames({ inputs, outputs }: Pick<ModelGraph, "inputs" | "outputs">): {
  inputNames: string[];
  outputNames: string[];
} {
  const inputNames = inputs.map(({ sourceLayer }) => sourceLayer.name);
  const outputNames = distinct(
    outputs.map(({ sourceLayer }) => sourceLayer.name),
    new Set(inputNames),
  );
  return { inputNames, outputNames };
}

/** Names that differ from each other and from those taken. */
function distinct(names: readonly string[], taken: Set<string>): string[] {
  return names.map((wanted) => {
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`;
    taken.add(name);
    return name;
  });
}
