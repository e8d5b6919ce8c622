/** A value of a tensor as a list or a row has it. */
export type ReadValue = (value: unknown) => unknown;

const asItIs: ReadValue = (value) => value;

const READERS: Readonly<Record<string, ReadValue>> = {
  bool: (value) => value === 1 || value === true,
  int64: exact,
  uint64: exact,
};

function exact(value: unknown): unknown {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** How the values of a dtype are read. */
export const readerOf = (dtype: string): ReadValue =>
  Object.hasOwn(READERS, dtype) ? (READERS[dtype] as ReadValue) : asItIs;

/** The values as lists of lists; a single value where there are no axes. */
export function nestTensor(values: ArrayLike<unknown>, dims: readonly number[], read: ReadValue, from = 0): unknown {
  let at = from;
  const nest = (axis: number): unknown => {
    if (axis === dims.length) return read(values[at++]);
    const length = dims[axis] as number;
    const list = new Array<unknown>(length);
    for (let index = 0; index < length; index++) list[index] = nest(axis + 1);
    return list;
  };
  return nest(0);
}
