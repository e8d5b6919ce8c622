const BYTES = 8;
/** The first byte of a column: whether each value is the difference from the one before. */
const PLAIN = 0;
const DIFFERENCES = 1;

/**
 * Columns of float64 as bytes that compress well: differences where they are exact (steps and times hardly vary), and the first bytes of all
 * values before all second ones, as the exponents of neighbours are alike.
 */
export function packColumns(columns: readonly Float64Array[]): Uint8Array {
  const size = columns.reduce((sum, column) => sum + 1 + column.length * BYTES, 0);
  const packed = new Uint8Array(size);
  let offset = 0;
  for (const column of columns) {
    const differences = differencesOf(column);
    packed[offset++] = differences === undefined ? PLAIN : DIFFERENCES;
    spread(differences ?? column, packed, offset);
    offset += column.length * BYTES;
  }
  return packed;
}

/** The columns again, all of them equally long. */
export function unpackColumns(packed: Uint8Array, count: number): Float64Array[] {
  const size = packed.length / count;
  const length = (size - 1) / BYTES;
  if (!Number.isInteger(length)) throw new RangeError("these are no columns");
  return Array.from({ length: count }, (_, index) => {
    const column = gathered(packed, index * size + 1, length);
    if (packed[index * size] === DIFFERENCES) {
      for (let at = 1; at < length; at++) column[at] = (column[at - 1] as number) + (column[at] as number);
    }
    return column;
  });
}

/** `undefined` where adding them up would not give the very same values. */
function differencesOf(column: Float64Array): Float64Array | undefined {
  const differences = new Float64Array(column.length);
  let sum = 0;
  for (const [at, value] of column.entries()) {
    const difference = at === 0 ? value : value - sum;
    sum = at === 0 ? value : sum + difference;
    if (!Object.is(sum, value)) return undefined;
    differences[at] = difference;
  }
  return differences;
}

function spread(column: Float64Array, target: Uint8Array, offset: number): void {
  const view = new DataView(column.buffer, column.byteOffset, column.byteLength);
  const { length } = column;
  for (let at = 0; at < length; at++) {
    for (let byte = 0; byte < BYTES; byte++) target[offset + byte * length + at] = view.getUint8(at * BYTES + byte);
  }
}

function gathered(source: Uint8Array, offset: number, length: number): Float64Array {
  const bytes = new Uint8Array(length * BYTES);
  for (let byte = 0; byte < BYTES; byte++) {
    const start = offset + byte * length;
    for (let at = 0; at < length; at++) bytes[at * BYTES + byte] = source[start + at] as number;
  }
  return new Float64Array(bytes.buffer);
}
