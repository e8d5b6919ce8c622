import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec, DataType } from "../../mlmodel/column-type-schema.ts";
import type { Signature, TensorSpec } from "../../mlmodel/signature-schema.ts";
import type { Row } from "../signature/infer-signature.ts";
import { isTypedArray, type NestedArray, type ShapedTensor } from "../tensor-value.ts";
import { castValues } from "./cast-values.ts";
import { isTfjsTensor, readTensor, valuesOf } from "./given-tensor.ts";
import { InputPlan } from "./input-plan.ts";
import { nestTensor, readerOf } from "./nest-tensor.ts";
import { PLACE } from "./places.ts";
import type { TensorMap, TensorPort } from "./ports.ts";
import type { InputForm, PredictInput, PredictTensor } from "./predict-types.ts";
import { readTable } from "./read-table.ts";
import { partsOf } from "./signature-parts.ts";
import { type Column, castTable, type Table } from "./table.ts";

/** A tensor of a signature that has no name. */
const UNNAMED = "input";

/**
 * Checks an input by the signature and casts it, in the terms in which it was given: for models that take what they
 * are given. Columns that the signature does not know are left out, those that may be missing are null, and NaN among
 * floats. A flat list or array that is cut into examples for a tensor stays flat. Tensors of TensorFlow.js are handed
 * on as they are, and refused where they would have to be cast.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` naming the field
 */
export function checkInput(signature: Signature | undefined, input: PredictInput): PredictInput {
  const { tensors, columns } = partsOf(signature);
  if (columns !== undefined) return checkTable(columns, input);
  return tensors === undefined ? input : checkTensors(tensors, input);
}

function checkTable(columns: readonly ColumnSpec[], input: PredictInput): PredictInput {
  const { table, form } = readTable(input, columns);
  const cast = castTable(PLACE, table, columns);
  if (form.kind === "rows") return rowsOf(cast);
  if (form.kind === "row") return rowsOf(cast)[0] as Row;
  // The matrix is not of one type any more where its columns are not.
  if (form.kind === "tensor") return input;
  return Object.fromEntries(
    cast.columns.map((column, index) => [column.name, cellsInTerms(column, columns[index] as ColumnSpec, form)]),
  );
}

const rowsOf = ({ columns, rowCount }: Table): Row[] =>
  Array.from({ length: rowCount }, (_, row) =>
    Object.fromEntries(columns.map(({ name, cells }) => [name, cells[row]])),
  );

const DTYPES: Readonly<Partial<Record<DataType, string>>> = {
  boolean: "bool",
  integer: "int32",
  long: "int64",
  float: "float32",
  double: "float64",
};

function cellsInTerms({ cells, placeOf }: Column, { type }: ColumnSpec, { terms }: InputForm): PredictTensor {
  const dtype = DTYPES[type as DataType];
  if (terms === "nested" || dtype === undefined) return cells as PredictTensor;
  const data = castValues({ data: cells }, dtype, placeOf);
  return terms === "typed" ? data : { data, dims: [cells.length] };
}

const plans = new WeakMap<readonly TensorSpec[], InputPlan>();

/** As a runtime would be asked that takes what the signature says. */
function planOf(specs: readonly TensorSpec[]): InputPlan {
  const made = plans.get(specs);
  if (made !== undefined) return made;
  const plan = new InputPlan({ inputs: [...specs] }, specs.map(portOf));
  plans.set(specs, plan);
  return plan;
}

const portOf = ({ name = UNNAMED, "tensor-spec": { dtype, shape } }: TensorSpec): TensorPort => ({
  name,
  dtype: dtype.toLowerCase(),
  shape,
});

function checkTensors(specs: readonly TensorSpec[], input: PredictInput): PredictInput {
  const { tensors, form } = planOf(specs).encode(input);
  const ports = specs.map(portOf);
  const [first] = ports as [TensorPort];
  if (form.kind === "tensor") return inTerms(PLACE, input as PredictTensor, tensors[first.name] as ShapedTensor, first);
  const given = input as Readonly<Record<string, PredictTensor>>;
  if (form.kind === "named") {
    return Object.fromEntries(
      ports.map((port) => {
        const { name } = port;
        return [name, inTerms(`${PLACE}.${name}`, given[name] as PredictTensor, tensors[name] as ShapedTensor, port)];
      }),
    );
  }
  // Columns that together are one tensor have nothing to be cast to each by itself.
  if (specs[0]?.name === undefined) return input;
  const rows = Array.from({ length: form.rowCount }, (_, row) => rowOf(ports, tensors, row));
  return form.kind === "row" ? (rows[0] as Row) : rows;
}

const rowOf = (ports: readonly TensorPort[], tensors: TensorMap, row: number): Row =>
  Object.fromEntries(
    ports.map(({ name, dtype }) => {
      const { data, dims } = tensors[name] as ShapedTensor;
      const [, ...inner] = dims;
      const size = inner.reduce((product, length) => product * length, 1);
      return [name, nestTensor(valuesOf({ data, dtype }), inner, readerOf(dtype), row * size)];
    }),
  );

/** The values that were checked, as their tensor was given. */
function inTerms(place: string, given: PredictTensor, checked: ShapedTensor, { dtype }: TensorPort): PredictTensor {
  if (isTfjsTensor(given)) {
    const own = given.dtype === "string" ? "str" : given.dtype;
    if (own !== dtype) throw invalidArgument(place, `a tensor of ${own}`, `one of ${dtype}`);
    return given;
  }
  if (Array.isArray(given)) {
    const { dims } = readTensor(place, given);
    return nestTensor(valuesOf({ data: checked.data, dtype }), dims, readerOf(dtype)) as NestedArray;
  }
  return isTypedArray(given) ? checked.data : { data: checked.data, dims: checked.dims };
}
