import type { TensorMap, TensorPort } from "../predict/ports.ts";
import type { ShapedTensor } from "../tensor-value.ts";

/** How many examples are made up. */
const EXAMPLES = 2;
/** For axes of any length. Images of fewer pixels than a kernel has are no images. */
const LENGTHS = [16, 64];

/**
 * Inputs for a model of which no example is known, the likeliest to be understood last: numbers between -1 and 1, then zeros and ones,
 * which are also words or classes.
 */
export function generatedInputs(ports: readonly TensorPort[]): readonly TensorMap[] {
  return LENGTHS.flatMap((length) =>
    [fraction, bit].map((valueAt) => {
      const random = generator();
      return Object.fromEntries(ports.map((port) => [port.name, tensorOf(port, length, () => valueAt(random()))]));
    }),
  );
}

const fraction = (random: number) => 2 * random - 1;
const bit = (random: number) => (random < 0.5 ? 0 : 1);

function tensorOf({ dtype, shape = [-1] }: TensorPort, length: number, next: () => number): ShapedTensor {
  const dims = shape.map((extent, axis) => (extent >= 0 ? extent : axis === 0 ? EXAMPLES : length));
  const size = dims.reduce((product, extent) => product * extent, 1);
  if (dtype === "float32") return { data: Float32Array.from({ length: size }, next), dims };
  // Whole numbers: a fraction would be cut off.
  if (dtype === "int32") return { data: Int32Array.from({ length: size }, () => (next() > 0 ? 1 : 0)), dims };
  return { data: Uint8Array.from({ length: size }, () => (next() > 0 ? 1 : 0)), dims };
}

/** The same numbers every time, so that a save can be repeated (mulberry32). */
function generator(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
