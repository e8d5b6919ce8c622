import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import { isGivenTensor, isPlainObject, readTensor } from "./given-tensor.ts";
import { ANY_INPUT, PLACE } from "./places.ts";
import { type InputForm, NAMED_FORMS, type PredictInput, ROW_FORM, rowsForm, TENSOR_FORMS } from "./predict-types.ts";
import { type Table, tableOfColumns, tableOfMatrix, tableOfRows } from "./table.ts";

/** A table in any of its forms, by a signature of columns. */
export function readTable(
  input: PredictInput,
  columns: readonly ColumnSpec[],
): { readonly table: Table; readonly form: InputForm } {
  if (Array.isArray(input) && (input.length === 0 || !isGivenTensor(input))) {
    return { table: rowsOf(input), form: rowsForm(input.length) };
  }
  if (isGivenTensor(input)) {
    const given = readTensor(PLACE, input);
    return { table: tableOfMatrix(PLACE, given, columns), form: TENSOR_FORMS[given.terms] };
  }
  if (!isPlainObject(input)) throw invalidArgument(PLACE, input, ANY_INPUT);
  const values = Object.values(input);
  const hasLists = columns.some(({ type }) => type === "array" || type === "object" || type === "map");
  if (hasLists || values.length === 0 || !values.every(isGivenTensor)) return { table: rowOf(input), form: ROW_FORM };
  const terms = values.every(Array.isArray) ? "nested" : readTensor(PLACE, values[0]).terms;
  return { table: tableOfColumns(PLACE, input), form: NAMED_FORMS[terms] };
}

/** The table of a list of rows. */
export const rowsOf = (rows: readonly unknown[]) => tableOfRows(PLACE, rows, (row) => `${PLACE}[${row}]`);
/** The table of one row. */
export const rowOf = (row: unknown) => tableOfRows(PLACE, [row], () => PLACE);
