import { invalidArgument } from "../../base/errors.ts";
import { shapeText } from "./places.ts";

/** Whether lengths are those of a shape, any where it says -1. */
export function isOfShape(dims: readonly number[], shape: readonly number[] | undefined): boolean {
  if (shape === undefined) return true;
  if (dims.length !== shape.length) return false;
  for (let axis = 0; axis < dims.length; axis++) {
    const length = shape[axis] as number;
    if (length >= 0 && length !== dims[axis]) return false;
  }
  return true;
}

/**
 * The lengths that a given tensor has for the model. What has one axis is cut into as many as the model asks for,
 * where one of them at most is of any length: 4 or 8 values are 1 or 2 examples of `any x 4`.
 *
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE` with the lengths that fit
 */
export function fitShape(
  place: string,
  dims: readonly number[],
  shape: readonly number[] | undefined,
): readonly number[] {
  if (shape === undefined || isOfShape(dims, shape)) return dims;
  if (dims.length !== 1) throw invalidArgument(`${place}.shape`, shapeText(dims), shapeText(shape));
  return cutFlat(place, dims[0] as number, shape);
}

function cutFlat(place: string, valueCount: number, shape: readonly number[]): number[] {
  const unknown = shape.filter((length) => length < 0).length;
  const fixed = shape.reduce((product, length) => (length < 0 ? product : product * length), 1);
  if (unknown > 1) {
    throw invalidArgument(`${place}.shape`, valueCount, `${shapeText(shape)}: give nested arrays or { data, dims }`);
  }
  const rest = valueCount === 0 ? 0 : valueCount / fixed;
  if (unknown === 0 ? valueCount !== fixed : !Number.isInteger(rest)) {
    const fitting = unknown === 0 || fixed === 0 ? `${fixed} values` : `a multiple of ${fixed} values`;
    throw invalidArgument(`${place}.length`, valueCount, `${fitting}, for the shape ${shapeText(shape)}`);
  }
  return shape.map((length) => (length < 0 ? rest : length));
}

/**
 * The lengths of a column of a table, one value or list per row, as the model asks for them: the rows stay, and what
 * each of them has is cut into the other axes.
 *
 * @param dims the first is the number of rows
 * @throws {TidemarkError} `INVALID_PARAMETER_VALUE`
 */
export function fitRows(
  place: string,
  dims: readonly number[],
  shape: readonly number[] | undefined,
): readonly number[] {
  if (shape === undefined || isOfShape(dims, shape)) return dims;
  const [rowCount = 0, ...inner] = dims;
  const [batch = 0, ...wanted] = shape;
  if (shape.length === 0) throw invalidArgument(place, "rows", "a tensor: the model takes a single value");
  if (batch >= 0 && batch !== rowCount) {
    throw invalidArgument(`${place}.length`, rowCount, `${batch} rows, for the shape ${shapeText(shape)}`);
  }
  const perRow = inner.reduce((product, length) => product * length, 1);
  if (isOfShape(inner, wanted)) return dims;
  if (rowCount === 0) return [0, ...wanted.map((length) => Math.max(length, 0))];
  if (inner.length > 1 && inner.length === wanted.length) {
    throw invalidArgument(`${place}.shape`, shapeText(dims), shapeText(shape));
  }
  return [rowCount, ...cutFlat(place, perRow, wanted)];
}
