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
 *
 * @throws what the ONNX form throws for every input that the model takes
 */
export async function checkOnnx(
  directory: string,
  ort: OnnxRuntime,
  reference: TensorPredictor,
  example: TensorMap | undefined,
): Promise<OnnxCheck | undefined> {
  const source = { directory, config: { data: ONNX_FILE }, flavors: {}, allowCode: false, ort };
  const form = (await onnxFlavor.load(source)) as TensorPredictor;
  try {
    if (example !== undefined) {
      const expected = await run(reference, example);
      return { difference: largestDifference(expected, await run(form, example)), checkedOn: "input example" };
    }
    return await checkOnGenerated(reference, form);
  } finally {
    await form.close();
  }
}

async function checkOnGenerated(reference: TensorPredictor, form: TensorPredictor): Promise<OnnxCheck | undefined> {
  let refusal: { readonly error: unknown } | undefined;
  for (const inputs of generatedInputs(reference.ports.inputs)) {
    // Not what the model is for: a word it does not have, an image too small.
    const expected = await run(reference, inputs).catch(() => undefined);
    if (expected === undefined || !allFinite(expected)) continue;
    try {
      return { difference: largestDifference(expected, await run(form, inputs)), checkedOn: "generated inputs" };
    } catch (error) {
      // TensorFlow.js makes nothing of an image that is too small, ONNX Runtime an error.
      refusal ??= { error };
    }
  }
  if (refusal !== undefined) throw refusal.error;
  return undefined;
}

async function run({ run: predict, ports }: TensorPredictor, inputs: TensorMap): Promise<ShapedTensor[]> {
  const answer = await predict(inputs, { params: {} });
  return ports.outputs.map(({ name }) => answer[name] as ShapedTensor);
}
