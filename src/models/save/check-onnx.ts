import type { TensorPredictor } from "../flavors/flavor.ts";
import { ONNX_FILE, onnxFlavor } from "../flavors/onnx.ts";
import type { TensorMap } from "../predict/ports.ts";
import type { OnnxRuntime } from "../runtimes.ts";
import type { ShapedTensor } from "../tensor-value.ts";
import { allFinite, largestDifference } from "./compare-outputs.ts";
import { generatedInputs } from "./generated-inputs.ts";

/** Two orders of summing up float32 numbers come to less. */
export const LARGEST_DIFFERENCE = 1e-5;

/** How far an ONNX form is from the model it was made of. */
export interface OnnxCheck {
  /** The largest difference, in proportion to the largest value of its output. */
  readonly difference: number;
  readonly checkedOn: "input example" | "generated inputs";
}

/**
 * Runs the ONNX form that lies in a directory beside the model it was made of, on an example, or on inputs that are made up where none is
 * given. `undefined` where the model itself refuses all that is made up.
 */
export async function checkOnnx(
  directory: string,
  ort: OnnxRuntime,
  reference: TensorPredictor,
  example: TensorMap | undefined,
): Promise<OnnxCheck | undefined> {
  const found =
    example === undefined ? await understood(reference) : { inputs: example, ...(await run(reference, example)) };
  if (found === undefined) return undefined;
  const source = { directory, config: { data: ONNX_FILE }, flavors: {}, allowCode: false, ort };
  const form = (await onnxFlavor.load(source)) as TensorPredictor;
  try {
    const { outputs } = await run(form, found.inputs);
    return {
      difference: largestDifference(found.outputs, outputs),
      checkedOn: example === undefined ? "generated inputs" : "input example",
    };
  } finally {
    await form.close();
  }
}

async function understood(reference: TensorPredictor) {
  for (const inputs of generatedInputs(reference.ports.inputs)) {
    try {
      const answer = await run(reference, inputs);
      if (answer.isFinite) return { inputs, outputs: answer.outputs };
    } catch {
      // Not what the model is for: a word it does not have, an image too small.
    }
  }
  return undefined;
}

async function run({ run: predict, ports }: TensorPredictor, inputs: TensorMap) {
  const answer = await predict(inputs, { params: {} });
  return { outputs: ports.outputs.map(({ name }) => answer[name] as ShapedTensor), isFinite: allFinite(answer) };
}
