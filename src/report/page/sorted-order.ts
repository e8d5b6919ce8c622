import { breathe } from "./breathe.ts";

/** Sorted at once; from here on merged. */
const RUN_LENGTH = 4_096;

/** Positions in the order of their values, found in slices: a million of them take longer than a frame. Equal ones stay in order. */
export async function sortedOrder(values: Float64Array): Promise<Uint32Array> {
  const { length } = values;
  let order = Uint32Array.from({ length }, (_, at) => at);
  const valueAt = (at: number) => values[at] as number;
  for (let start = 0; start < length; start += RUN_LENGTH) {
    await breathe();
    order.subarray(start, start + RUN_LENGTH).sort((a, b) => valueAt(a) - valueAt(b) || a - b);
  }
  for (let size = RUN_LENGTH; size < length; size *= 2) {
    const merged = new Uint32Array(length);
    for (let start = 0; start < length; start += 2 * size) {
      const middle = Math.min(length, start + size);
      const end = Math.min(length, start + 2 * size);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        if (at % RUN_LENGTH === 0) await breathe();
        const takesLeft =
          left < middle && (right >= end || valueAt(order[left] as number) <= valueAt(order[right] as number));
        merged[at] = order[takesLeft ? left++ : right++] as number;
      }
    }
    order = merged;
  }
  return order;
}
