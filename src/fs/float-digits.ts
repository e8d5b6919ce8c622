import { writeDigits } from "./digits.ts";

const DOT = 0x2e;
const ZERO = 0x30;

/** Below, the scaling would need a power of ten that no float64 holds; above, hardly a value has a fraction. */
const LEAST = 1e-5;
const LIMIT = 1e15;

/** Every value is scaled to 17 digits before the dot, which tell any two float64 apart. */
const DIGITS = 17;
const LEAST_SCALED = 1e16;
const SCALED_LIMIT = 1e17;

/** The digits are written in two parts, 9 and 8. */
const LOWER_DIGITS = 8;
const LOWER_LIMIT = 1e8;
const UPPER_LIMIT = 1e9;

/** Exact, as all powers of ten up to 1e22 are. */
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** Splits a float64 into two halves whose products are exact. */
const SPLITTER = 2 ** 27 + 1;
const POWERS_HIGH = POWERS_OF_TEN.map((power) => SPLITTER * power - (SPLITTER * power - power));
const POWERS_LOW = POWERS_OF_TEN.map((power, exponent) => power - (POWERS_HIGH[exponent] as number));

const EXPONENT_BIAS = 1023;
const EXPONENT_SHIFT = 20;
const HIGH_MANTISSA = 0xfffff;
const LOG10_OF_2 = 0.30102999566398;

/** Half the distance between neighbours, by the exponent field of a float64. */
const HALF_UNITS = Float64Array.from({ length: 2047 }, (_, field) => 2 ** (field - EXPONENT_BIAS - 53));

/** The numbers compared with each other are below 100, and a few roundings off at most: beyond this, comparisons are certain. */
const DOUBT = 1e-9;

const float = new Float64Array([1]);
const words = new Uint32Array(float.buffer);
const HIGH_WORD = words[0] === 0 ? 1 : 0;
const LOW_WORD = 1 - HIGH_WORD;

/**
 * Writes the shortest digits that read back as the same positive float64: the text of `String(value)` in less than half its time,
 * which is most of the time a line takes. Answers where they end, or -1 where the value is left to the engine: very large and
 * very small ones, and those so close to the border between two texts that arithmetic of more bits must decide.
 *
 * The value times a power of ten is computed exactly, as the sum of two float64 (T. J. Dekker, "A floating-point technique for
 * extending the available precision", 1971). Whatever decimal lies within half a unit in the last place of the value reads back
 * as the value, so the nearest of 15 digits, else of 16, else of 17 is the shortest.
 */
export function writeFloatDigits(bytes: Uint8Array, at: number, value: number): number {
  if (!(value >= LEAST && value < LIMIT)) return -1;
  float[0] = value;
  const highWord = words[HIGH_WORD] as number;
  // The neighbour below a power of two is only half as far away as the one above.
  if (words[LOW_WORD] === 0 && (highWord & HIGH_MANTISSA) === 0) return -1;
  const exponentField = highWord >>> EXPONENT_SHIFT;
  let scale = DIGITS - 1 - Math.floor((exponentField - EXPONENT_BIAS) * LOG10_OF_2);
  let scaled = value * (POWERS_OF_TEN[scale] as number);
  if (scaled >= SCALED_LIMIT) {
    scale--;
    scaled = value * (POWERS_OF_TEN[scale] as number);
  }
  if (scaled < LEAST_SCALED || scaled >= SCALED_LIMIT) return -1;

  const split = SPLITTER * value;
  const high = split - (split - value);
  const low = value - high;
  const powerHigh = POWERS_HIGH[scale] as number;
  const powerLow = POWERS_LOW[scale] as number;
  const rest = low * powerLow - (scaled - high * powerHigh - low * powerHigh - high * powerLow);

  // scaled + rest is the exact product: more bits than one float64 has, so the last digits stand apart.
  let upper = Math.floor(scaled / LOWER_LIMIT);
  const lower = scaled - upper * LOWER_LIMIT + rest;
  const reach = (HALF_UNITS[exponentField] as number) * (POWERS_OF_TEN[scale] as number);
  let rounded = Math.floor(lower / 100 + 0.5) * 100;
  let distance = Math.abs(rounded - lower);
  if (Math.abs(distance - reach) < DOUBT) return -1;
  if (distance > reach) {
    rounded = Math.floor(lower / 10 + 0.5) * 10;
    distance = Math.abs(rounded - lower);
    if (Math.abs(distance - reach) < DOUBT || Math.abs(distance - 5) < DOUBT) return -1;
    if (distance > reach) {
      rounded = Math.floor(lower + 0.5);
      if (Math.abs(Math.abs(rounded - lower) - 0.5) < DOUBT) return -1;
    }
  }
  if (rounded < 0) {
    rounded += LOWER_LIMIT;
    upper--;
  } else if (rounded >= LOWER_LIMIT) {
    rounded -= LOWER_LIMIT;
    upper++;
  }
  return upper < UPPER_LIMIT ? place(bytes, at, upper | 0, rounded | 0, DIGITS - scale) : -1;
}

/** Writes 17 digits with `wholeDigits` of them before the dot (none or fewer: zeros behind it), without zeros at the end. */
function place(bytes: Uint8Array, at: number, upper: number, lower: number, wholeDigits: number): number {
  let first = at + 1;
  if (wholeDigits <= 0) {
    bytes[at] = ZERO;
    bytes[first++] = DOT;
    for (let zeros = wholeDigits; zeros < 0; zeros++) bytes[first++] = ZERO;
  }
  writeDigits(bytes, first, upper, DIGITS - LOWER_DIGITS);
  writeDigits(bytes, first + DIGITS - LOWER_DIGITS, lower, LOWER_DIGITS);
  if (wholeDigits > 0) {
    for (let i = at; i < at + wholeDigits; i++) bytes[i] = bytes[i + 1] as number;
    bytes[at + wholeDigits] = DOT;
  }
  let last = first + DIGITS - 1;
  while (bytes[last] === ZERO) last--;
  return bytes[last] === DOT ? last : last + 1;
}
