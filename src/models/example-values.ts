import { isShapedTensor, isTypedArray, type NestedArray, type TensorValue } from "./tensor-value.ts";

/** As Python's `base64.encodebytes`, in which MLflow writes bytes: a line break behind each 57 of them. */
const BASE64_LINE = 76;

/** A tensor as nested lists. NaN is null, as MLflow writes it. */
export function tensorLists(value: TensorValue): unknown {
  if (isShapedTensor(value)) return nest(Array.from(value.data as ArrayLike<unknown>, withoutNaN), value.dims);
  if (isTypedArray(value)) return Array.from(value as ArrayLike<unknown>, withoutNaN);
  return (value as NestedArray).map((item) =>
    Array.isArray(item) || isTypedArray(item) ? tensorLists(item as TensorValue) : withoutNaN(item),
  );
}

const withoutNaN = (value: unknown) => (Number.isNaN(value) ? null : value);

function nest(values: readonly unknown[], dims: readonly number[]): unknown {
  const [length, ...inner] = dims;
  if (length === undefined) return values[0];
  const size = inner.reduce((product, extent) => product * extent, 1);
  return Array.from({ length }, (_, index) => nest(values.slice(index * size, (index + 1) * size), inner));
}

/** A value of a cell as JSON has it: dates in ISO 8601 without the zone, bytes in base64, what is not there as null. */
export function cellValue(value: unknown): unknown {
  if (value === undefined || Number.isNaN(value)) return null;
  // Always with the milliseconds: pandas reads a column by the form of its first date.
  if (value instanceof Date) return value.toISOString().replace("Z", "");
  if (value instanceof Uint8Array) return base64Lines(value);
  if (isTypedArray(value)) return tensorLists(value);
  if (Array.isArray(value)) return value.map(cellValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, cellValue(member)]));
}

function base64Lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  return text.replace(new RegExp(`.{1,${BASE64_LINE}}`, "g"), "$&\n");
}
