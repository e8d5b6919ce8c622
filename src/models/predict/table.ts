import { invalidArgument } from "../../base/errors.ts";
import type { ColumnSpec } from "../../mlmodel/column-type-schema.ts";
import { castCell, scalarCast } from "./cast-cell.ts";
import { type GivenTensor, isPlainObject, readTensor, valuesOf } from "./given-tensor.ts";
import { missingNames } from "./names.ts";
import { placeInTensor } from "./places.ts";

/** One column: a value for each row, and where each was given. */
export interface Column {
  readonly name: string;
  readonly cells: readonly unknown[];
  readonly placeOf: (row: number) => string;
}

/** What a table holds, however it was given. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rowCount: number;
}

/** Of rows. What a row lacks is null there. */
export function tableOfRows(place: string, rows: readonly unknown[], placeOfRow: (row: number) => string): Table {
  for (const [index, row] of rows.entries()) {
    if (!isPlainObject(row)) throw invalidArgument(placeOfRow(index), row, "an object with a value for each column");
  }
  const objects = rows as readonly Readonly<Record<string, unknown>>[];
  if (objects.length > 0 && objects.every((row) => Object.keys(row).length === 0)) {
    throw invalidArgument(place, "rows without columns", "a value for each column");
  }
  const names = new Set<string>();
  for (const row of objects) for (const name of Object.keys(row)) names.add(name);
  const columns = Array.from(names, (name) => ({
    name,
    cells: objects.map((row) => (Object.hasOwn(row, name) ? (row[name] ?? null) : null)),
    placeOf: (row: number) => `${placeOfRow(row)}.${name}`,
  }));
  return { columns, rowCount: rows.length };
}

/** Of named columns, each a list. */
export function tableOfColumns(place: string, named: Readonly<Record<string, unknown>>): Table {
  const columns = Object.entries(named).map(([name, value]) => columnOf(`${place}.${name}`, name, value));
  const rowCount = columns[0]?.cells.length ?? 0;
  for (const { name, cells } of columns) {
    if (cells.length !== rowCount) {
      throw invalidArgument(`${place}.${name}.length`, cells.length, `${rowCount}, as the first column has`);
    }
  }
  return { columns, rowCount };
}

/** Lists of any lengths may stand in a column of lists: what is no tensor is taken as it is. */
function columnOf(place: string, name: string, value: unknown): Column {
  const placeOf = (row: number) => `${place}[${row}]`;
  if (Array.isArray(value)) return { name, cells: value, placeOf };
  const given = readTensor(place, value);
  return { name, cells: cellsOf(given), placeOf };
}

function cellsOf(given: GivenTensor): readonly unknown[] {
  const values = Array.from(valuesOf(given));
  const [rowCount = 0, ...inner] = given.dims;
  if (inner.length === 0) return values;
  const size = inner.reduce((product, length) => product * length, 1);
  return Array.from({ length: rowCount }, (_, row) => values.slice(row * size, (row + 1) * size));
}

/** Of a matrix, or of a flat array with one row after the other: the columns in the order of the signature. */
export function tableOfMatrix(place: string, given: GivenTensor, specs: readonly ColumnSpec[]): Table {
  const width = specs.length;
  const dims = given.dims.length === 1 ? [(given.dims[0] as number) / width, width] : given.dims;
  if (dims.length !== 2 || dims[1] !== width || !Number.isInteger(dims[0])) {
    throw invalidArgument(
      place,
      `a tensor of ${given.dims.join(" x ")}`,
      `rows, or a matrix with a column for each of the ${width} of the signature`,
    );
  }
  const rowCount = dims[0] as number;
  const values = valuesOf(given);
  const columns = specs.map((spec, column) => ({
    name: nameOf(spec, column),
    cells: Array.from({ length: rowCount }, (_, row) => values[row * width + column]),
    placeOf: (row: number) => placeInTensor(place, given.dims, row * width + column),
  }));
  return { columns, rowCount };
}

/** Columns without names are numbered, as pandas does it. */
export const nameOf = ({ name }: ColumnSpec, index: number): string => String(name ?? index);

/**
 * The table as the signature has it: its columns in its order, cast to their types. More columns are left out, as
 * MLflow does it.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` naming all columns that are missing, or the place of a value
 */
export function castTable(place: string, table: Table, specs: readonly ColumnSpec[]): Table {
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  const isNamed = specs.some(({ name }) => name !== undefined);
  const found = specs.map((spec, index) => (isNamed ? byName.get(nameOf(spec, index)) : table.columns[index]));
  const missing = specs.flatMap((spec, index) =>
    found[index] === undefined && spec.required ? [nameOf(spec, index)] : [],
  );
  if (missing.length > 0 && table.rowCount > 0) throw missingNames(place, missing, byName.keys(), specs.map(nameOf));
  const columns = specs.map((spec, index) =>
    // Where the signature has no names, columns are taken by their place, and keep the names that they came with.
    castColumn(
      place,
      found[index],
      spec,
      (isNamed ? undefined : found[index]?.name) ?? nameOf(spec, index),
      table.rowCount,
    ),
  );
  return { columns, rowCount: table.rowCount };
}

function castColumn(
  place: string,
  column: Column | undefined,
  spec: ColumnSpec,
  name: string,
  rowCount: number,
): Column {
  const placeOf = column?.placeOf ?? (() => `${place}.${name}`);
  const cast = scalarCast(spec);
  const cells = Array.from({ length: rowCount }, (_, row) => {
    const value = column?.cells[row] ?? null;
    return cast?.(value) ?? castCell(placeOf(row), value, spec, spec.required);
  });
  return { name, cells, placeOf };
}
