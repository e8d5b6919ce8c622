import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import { type Signature, signatureSchema, type TensorSpec } from "../../mlmodel/signature-schema.ts";
import { checkArgument } from "../../schema/check.ts";
import { isTensorValue, type TensorValue, tensorFacts } from "../tensor-value.ts";
import { inferColumnType, mergeAll } from "./infer-column-type.ts";
import { inferParams } from "./infer-params.ts";

/** Rows of a table: column to value. */
export type Row = Readonly<Record<string, unknown>>;

/** One tensor, several by name, or rows: what a model is called with, and what it answers. */
export type ModelData = TensorValue | Readonly<Record<string, TensorValue>> | readonly Row[] | Row;

/** What tensors are called that come without a name. */
export interface InferSignatureOptions {
  /** Default `"input"`. */
  readonly inputName?: string;
  /** Default `"output"`. */
  readonly outputName?: string;
}

/**
 * The signature of a model from one call of it. Tensors have names always: MLflow refuses named ones where the signature has none.
 * Their first axis is for the examples, of any number.
 *
 * Numbers in plain lists are taken as `float32`; a typed array says what its values are (`BigInt64Array` for `int64`). In rows,
 * whole numbers are `long`, as Python's MLflow takes them: give one that is not whole where others may come.
 *
 * @param inputExample one tensor (typed array, nested arrays, `{ data, dims }`), named tensors, rows, or one row
 * @param params the params beside the inputs, with their defaults
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for what has no form in MLflow, with its place
 */
export function inferSignature(
  inputExample: ModelData,
  outputExample?: ModelData,
  params?: Readonly<Record<string, unknown>>,
  { inputName = "input", outputName = "output" }: InferSignatureOptions = {},
): Signature {
  return checkArgument("signature", signatureSchema, {
    inputs: inferSpecs("inputExample", inputExample, inputName),
    outputs: outputExample === undefined ? undefined : inferSpecs("outputExample", outputExample, outputName),
    params: params === undefined ? undefined : inferParams(params),
  });
}

function inferSpecs(argument: string, data: ModelData, name: string): (TensorSpec | ColumnSpec)[] {
  if (isTensorValue(data)) return [tensorSpec(argument, name, data)];
  if (isRows(data)) return columnSpecs(argument, data);
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw invalidArgument(argument, data, "a tensor, named tensors, or rows");
  }
  const entries = Object.entries(data);
  if (entries.length === 0) throw invalidArgument(argument, data, "named tensors, or a row with columns");
  if (!entries.every(([, value]) => isTensorValue(value))) return columnSpecs(argument, [data as Row]);
  return entries.map(([key, value]) => tensorSpec(`${argument}.${key}`, key, value as TensorValue));
}

/** True for a list of plain objects. */
export function isRows(data: unknown): data is readonly Row[] {
  return Array.isArray(data) && data.length > 0 && data.every(isRow);
}

const isRow = (row: unknown) =>
  typeof row === "object" && row !== null && !Array.isArray(row) && !ArrayBuffer.isView(row) && !(row instanceof Date);

function tensorSpec(place: string, name: string, value: TensorValue): TensorSpec {
  const { dtype, shape } = tensorFacts(place, value);
  return {
    name,
    type: "tensor",
    "tensor-spec": { dtype, shape: shape.map((length, axis) => (axis === 0 ? -1 : length)) },
  };
}

function columnSpecs(argument: string, rows: readonly Row[]): ColumnSpec[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return [...names].map((name) => {
    const place = `${argument}.${name}`;
    const values = rows.map((row) => (Object.hasOwn(row, name) ? row[name] : undefined));
    const type = mergeAll(
      place,
      values.map((value) => inferColumnType(place, value)),
    );
    return { ...type, name, required: values.every((value) => value !== undefined && value !== null) };
  });
}
