const FLOAT32 = new Float32Array(1);
const BITS32 = new Uint32Array(FLOAT32.buffer);

/** The smallest number that rounds to infinity: half a step beyond the largest, 65504. */
const OVERFLOW = 65_520;
const SMALLEST_NORMAL = 2 ** -14;
const SUBNORMAL_STEP = 2 ** -24;
const INFINITY_BITS = 0x7c00;
const NAN_BITS = 0x7e00;

/** The 16 bits of the nearest float16; of two as near, the one with an even last bit. */
export function float16Bits(value: number): number {
  if (Number.isNaN(value)) return NAN_BITS;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= OVERFLOW) return sign | INFINITY_BITS;
  if (size < SMALLEST_NORMAL) return sign | roundHalfEven(size / SUBNORMAL_STEP);
  // Dividing by a power of two is exact, so that there is one rounding: from the float64 itself.
  const exponent = exponentOf(size);
  const steps = roundHalfEven((size / 2 ** exponent) * 1024);
  // A mantissa that rounds up to 2048 carries into the exponent by itself.
  return sign | (((exponent + 14) << 10) + steps);
}

/** The number that 16 bits stand for. */
export function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * SUBNORMAL_STEP;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function exponentOf(size: number): number {
  FLOAT32[0] = size;
  const exponent = ((BITS32[0] as number) >> 23) - 127;
  // Rounding to float32 may have carried into the next power of two.
  return 2 ** exponent > size ? exponent - 1 : exponent;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return rest < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
