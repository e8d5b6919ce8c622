import type { ModelPorts } from "../flavors/flavor.ts";
import { isPlainObject, isTfjsTensor } from "../predict/given-tensor.ts";
import { InputPlan } from "../predict/input-plan.ts";
import type { TensorMap } from "../predict/ports.ts";
import type { PredictInput, TfjsTensor } from "../predict/predict-types.ts";
import type { ModelData } from "../signature/infer-signature.ts";
import type { ShapedTensor } from "../tensor-value.ts";
import { holdsRows } from "./model-signature.ts";

/** An example as it is kept with a model, and as the model is tried on it. */
export interface Example {
  readonly data: ModelData;
  readonly tensors: TensorMap | undefined;
}

/** An example in the terms of the model. @throws {TidemarkError} `INVALID_PARAMETER_VALUE` where the model does not take it */
export function exampleOf(example: ModelData | undefined, ports: ModelPorts | undefined): Example | undefined {
  if (example === undefined) return undefined;
  if (ports === undefined) return { data: example, tensors: undefined };
  const { tensors } = new InputPlan(undefined, ports.inputs).encode(example as PredictInput);
  return { data: holdsRows(example) ? example : (tensors as ModelData), tensors };
}

/** Tensors of TensorFlow.js by their values: the caller may dispose of them at any time. */
export function withoutHandles(example: ModelData | undefined): ModelData | undefined {
  if (isTfjsTensor(example)) return valuesOf(example);
  if (!isPlainObject(example)) return example;
  const entries = Object.entries(example).map(([name, value]) => [name, isTfjsTensor(value) ? valuesOf(value) : value]);
  return Object.fromEntries(entries);
}

function valuesOf(tensor: TfjsTensor): ShapedTensor {
  const data = tensor.dataSync();
  const values = tensor.dtype === "bool" ? Array.from(data, Boolean) : data;
  return { data: values as ShapedTensor["data"], dims: tensor.shape };
}
