import { invalidArgument } from "../../base/errors.ts";
import type { ShapedTensor } from "../tensor-value.ts";
import { fitRows } from "./fit-shape.ts";
import { isGivenTensor, readTensor, valuesOf } from "./given-tensor.ts";
import { placeInTensor, shapeText } from "./places.ts";
import type { Column, Table } from "./table.ts";
import type { TensorTarget } from "./tensor-target.ts";

/** A column as the tensor of one input: a value or a list for each row. */
export function columnTensor(place: string, column: Column, target: TensorTarget): ShapedTensor {
  const { data, inner, size } = readCells(column);
  const dims = fitRows(`${place}.${column.name}`, [column.cells.length, ...inner], target.shape);
  const placeOf = (index: number) =>
    placeInTensor(column.placeOf(Math.floor(index / size)), inner, index % Math.max(size, 1));
  return { data: target.cast({ data }, placeOf), dims };
}

/** All columns as one tensor: a line for each row, as MLflow gives a table to a model with one input. */
export function matrixTensor(place: string, { columns, rowCount }: Table, target: TensorTarget): ShapedTensor {
  const width = columns.length;
  const dims = fitRows(`${place}.columns`, [rowCount, width], target.shape);
  const data = new Array<unknown>(rowCount * width);
  for (const [index, { cells, placeOf }] of columns.entries()) {
    for (let row = 0; row < rowCount; row++) {
      const cell = cells[row];
      if (isGivenTensor(cell)) {
        throw invalidArgument(placeOf(row), cell, "a single value: the columns are the values of one tensor");
      }
      data[row * width + index] = cell;
    }
  }
  const placeOf = (index: number) => (columns[index % width] as Column).placeOf(Math.floor(index / width));
  return { data: target.cast({ data }, placeOf), dims };
}

interface Cells {
  readonly data: ArrayLike<unknown>;
  /** The axes of each row. */
  readonly inner: readonly number[];
  /** How many values each row has. */
  readonly size: number;
}

function readCells({ cells, placeOf }: Column): Cells {
  if (!cells.some(isGivenTensor)) return { data: cells, inner: [], size: 1 };
  const tensors = cells.map((cell, row) => readTensor(placeOf(row), cell));
  const inner = tensors[0]?.dims ?? [];
  const data: unknown[] = [];
  for (const [row, tensor] of tensors.entries()) {
    const { dims } = tensor;
    if (dims.length !== inner.length || dims.some((length, axis) => length !== inner[axis])) {
      throw invalidArgument(
        placeOf(row),
        `a tensor of ${shapeText(dims)}`,
        `one of ${shapeText(inner)}, as in the first row`,
      );
    }
    const values = valuesOf(tensor);
    for (let index = 0; index < values.length; index++) data.push(values[index]);
  }
  return { data, inner, size: inner.reduce((product, length) => product * length, 1) };
}

/** A table as the one tensor of a model: a single column that has lists, or all columns. */
export function wholeTensor(place: string, table: Table, target: TensorTarget): ShapedTensor {
  const [first] = table.columns;
  const isSingle = table.columns.length === 1 && target.shape !== undefined;
  const isLists = table.columns.length === 1 && first?.cells.some(isGivenTensor);
  return isSingle || isLists ? columnTensor(place, first as Column, target) : matrixTensor(place, table, target);
}
