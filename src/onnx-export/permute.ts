/** A tensor with its axes in another order: axis `i` of the result is axis `order[i]` of the given one. */
export function permute(
  values: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): { values: Float32Array; shape: number[] } {
  const strides = shape.map((_, axis) => product(shape.slice(axis + 1)));
  const permuted = order.map((axis) => ({ length: shape[axis] as number, stride: strides[axis] as number }));
  const result = new Float32Array(values.length);
  let written = 0;
  const copy = (axis: number, offset: number): void => {
    const current = permuted[axis];
    if (current === undefined) {
      result[written++] = values[offset] as number;
      return;
    }
    const { length, stride } = current;
    if (axis < permuted.length - 1) for (let i = 0; i < length; i++) copy(axis + 1, offset + i * stride);
    else for (let i = 0; i < length; i++) result[written++] = values[offset + i * stride] as number;
  };
  copy(0, 0);
  return { values: result, shape: permuted.map(({ length }) => length) };
}

export function product(lengths: readonly number[]): number {
  return lengths.reduce((total, length) => total * length, 1);
}
