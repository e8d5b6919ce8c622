import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import { type Signature, signatureSchema, type TensorSpec } from "../../mlmodel/signature-schema.ts";
import { checkArgument } from "../../schema/check.ts";
import type { ModelPorts } from "../flavors/flavor.ts";
import type { TensorPort } from "../predict/ports.ts";
import { inferParams } from "../signature/infer-params.ts";
import { inferSignature, isRows, type ModelData, type Row } from "../signature/infer-signature.ts";
import { isTensorValue } from "../tensor-value.ts";
import type { ModelFormOptions } from "./save-options.ts";

/** The signature that a model is saved with: the caller's, or what is known of it. */
export function chosenSignature(
  { signature, inferenceParams }: Pick<ModelFormOptions, "signature" | "inferenceParams">,
  ports: ModelPorts | undefined,
  example: ModelData | undefined,
): Signature | undefined {
  if (signature === undefined) return modelSignature(ports, example, inferenceParams);
  if (inferenceParams === undefined) return signature === false ? undefined : signature;
  if (signature === false || signature.params !== undefined) {
    throw invalidArgument("inferenceParams", inferenceParams, "none beside a signature that settles them");
  }
  return checkArgument("signature", signatureSchema, { ...signature, params: inferParams(inferenceParams) });
}

/**
 * What a model takes and gives, from what it says of itself: tensors by name, which Python and its servers take in the most forms; columns
 * where the example is rows. `undefined` where neither it nor an example says anything.
 */
function modelSignature(
  ports: ModelPorts | undefined,
  example: ModelData | undefined,
  params: Readonly<Record<string, unknown>> | undefined,
): Signature | undefined {
  if (ports === undefined) return example === undefined ? undefined : inferSignature(example, undefined, params);
  const columns = example === undefined ? undefined : columnsOf(example, ports);
  return checkArgument("signature", signatureSchema, {
    inputs: columns ?? ports.inputs.map(specOf),
    outputs: ports.outputs.map(specOf),
    params: params === undefined ? undefined : inferParams(params),
  });
}

function specOf({ name, dtype, shape }: TensorPort): TensorSpec {
  // MLflow has no form for "any number of axes".
  return { name, type: "tensor", "tensor-spec": { dtype, shape: [...(shape ?? [-1])] } };
}

/** The columns of an example of rows; `undefined` where it is no rows. */
function columnsOf(example: ModelData, { inputs }: ModelPorts): readonly ColumnSpec[] | undefined {
  if (!holdsRows(example)) return undefined;
  const columns = inferSignature(example).inputs as ColumnSpec[];
  const takesFractions = (name: ColumnSpec["name"]) => {
    const port = inputs.length === 1 ? inputs[0] : inputs.find((input) => input.name === name);
    return port?.dtype.startsWith("float") === true;
  };
  // A whole number in a column of fractions is an accident of the example.
  return columns.map((column) =>
    column.type === "long" && takesFractions(column.name) ? { ...column, type: "double" as const } : column,
  );
}

/** True for rows, and for one row: a record of single values is one, a record of lists is named tensors. */
export const holdsRows = (example: ModelData): example is readonly Row[] | Row =>
  isRows(example) || (!isTensorValue(example) && !Object.values(example as Row).every((value) => isTensorValue(value)));
