import { TidemarkError } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import type { Signature } from "../../mlmodel/signature-schema.ts";
import type { Row } from "../signature/infer-signature.ts";
import type { ShapedTensor } from "../tensor-value.ts";
import { valuesOf } from "./given-tensor.ts";
import { nestTensor, type ReadValue, readerOf } from "./nest-tensor.ts";
import { shapeText } from "./places.ts";
import type { TensorMap, TensorPort } from "./ports.ts";
import type { InputForm, PredictedTensor, PredictOutput, TensorForm } from "./predict-types.ts";
import { checkPortNames } from "./signature-parts.ts";

interface Output {
  readonly name: string;
  readonly dtype: string;
  readonly read: ReadValue;
}

/**
 * From what a runtime gives to what a caller expects: the terms of the input. In lists and rows, values of `bool` are
 * booleans, those of `float16` numbers, and whole numbers of 64 bits are numbers as long as these are exact, else
 * bigints.
 */
export class OutputPlan {
  readonly #outputs: readonly Output[];
  /** Names for the values in a row of a single output. */
  readonly #columns: readonly string[] | undefined;

  /**
   * @param ports the runtime's outputs
   * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` for an output with a name that no object can have
   */
  constructor(signature: Signature | undefined, ports: readonly TensorPort[]) {
    checkPortNames(ports);
    this.#outputs = ports.map(({ name, dtype }) => ({ name, dtype, read: readerOf(dtype) }));
    this.#columns = ports.length === 1 ? columnNames(signature) : undefined;
  }

  /**
   * @param tensors of the runtime; an output that is not among them is left out
   * @throws {TidemarkError} `INVALID_STATE` where rows are asked for and an output has no row for each
   */
  decode(tensors: TensorMap, form: InputForm): PredictOutput {
    if (form.kind === "rows" || form.kind === "row") return this.#rows(tensors, form);
    const outputs = this.#outputs;
    if (form.kind === "tensor" && outputs.length === 1) {
      const output = outputs[0] as Output;
      const tensor = tensors[output.name];
      if (tensor !== undefined) return inTerms(tensor, form.terms, output);
    }
    const named: Record<string, PredictedTensor> = {};
    for (const output of outputs) {
      const tensor = tensors[output.name];
      if (tensor !== undefined) named[output.name] = inTerms(tensor, form.terms, output);
    }
    return named;
  }

  #rows(tensors: TensorMap, { kind, rowCount }: InputForm): readonly Row[] | Row {
    const rows = Array.from({ length: rowCount }, (): Record<string, unknown> => ({}));
    for (const output of this.#outputs) {
      const tensor = tensors[output.name];
      if (tensor !== undefined) fillRows(rows, output, tensor, this.#columns);
    }
    return kind === "row" ? (rows[0] as Row) : rows;
  }
}

function inTerms({ data, dims }: ShapedTensor, terms: TensorForm, { read, dtype }: Output): PredictedTensor {
  if (terms === "shaped") return { data, dims };
  return terms === "typed" ? data : (nestTensor(valuesOf({ data, dtype }), dims, read) as PredictedTensor);
}

function fillRows(
  rows: readonly Record<string, unknown>[],
  { name, dtype, read }: Output,
  { data, dims }: ShapedTensor,
  columns: readonly string[] | undefined,
): void {
  const [count, ...inner] = dims;
  if (count !== rows.length) {
    throw new TidemarkError(
      "INVALID_STATE",
      `the model's output ${JSON.stringify(name)} of ${shapeText(dims)} has no row for each of ${rows.length}: predict from tensors`,
    );
  }
  const size = inner.reduce((product, length) => product * length, 1);
  const isColumns = inner.length === 1 && size > 1 && columns?.length === size;
  const values = valuesOf({ data, dtype });
  for (const [index, row] of rows.entries()) {
    const from = index * size;
    if (isColumns) for (const [at, column] of columns.entries()) row[column] = read(values[from + at]);
    else if (size === 1 && inner.length <= 1) row[name] = read(values[from]);
    else row[name] = nestTensor(values, inner, read, from);
  }
}

function columnNames(signature: Signature | undefined): readonly string[] | undefined {
  const outputs = signature?.outputs;
  if (outputs === undefined || outputs[0]?.type === "tensor") return undefined;
  const names = (outputs as readonly ColumnSpec[]).map(({ name }) => (name === undefined ? undefined : String(name)));
  const isUsable = new Set(names).size === names.length && !names.includes(undefined) && !names.includes("__proto__");
  return isUsable ? (names as string[]) : undefined;
}
