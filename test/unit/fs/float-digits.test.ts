import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeFloatDigits } from "../../../src/fs/float-digits.ts";

const bytes = Buffer.alloc(40);

/** The digits written for a value, or undefined where it is left to the engine. */
function digitsOf(value: number): string | undefined {
  const end = writeFloatDigits(bytes, 3, value);
  return end === -1 ? undefined : bytes.toString("latin1", 3, end);
}

/** Any float64 between 2^-17 and 2^50. */
const bitPatterns = fc
  .record({ exponent: fc.integer({ min: -17, max: 49 }), mantissa: fc.bigInt({ min: 0n, max: 2n ** 52n - 1n }) })
  .map(({ exponent, mantissa }) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, (BigInt(exponent + 1023) << 52n) | mantissa);
    return view.getFloat64(0);
  });

const decimals = fc
  .record({ digits: fc.bigInt({ min: 1n, max: 10n ** 17n - 1n }), exponent: fc.integer({ min: -22, max: 0 }) })
  .map(({ digits, exponent }) => Number(`${digits}e${exponent}`));

describe("writeFloatDigits", () => {
  test.each([
    ["float64", bitPatterns],
    ["float32, as training makes them", bitPatterns.map(Math.fround)],
    ["numbers somebody wrote", decimals],
  ])("writes what String writes: %s", (_name, values) => {
    const options = { numRuns: 20_000 };
    fc.assert(
      fc.property(values, (value) => {
        const digits = digitsOf(value);
        if (digits !== undefined) expect(digits).toBe(String(value));
      }),
      options,
    );
  });

  test("leaves hardly anything to the engine", () => {
    let left = 0;
    for (let i = 1; i <= 10_000; i++) if (digitsOf(1 / i + Math.sqrt(i)) === undefined) left++;
    expect(left).toBeLessThan(100);
  });

  test("decimals of few digits, and their neighbours", () => {
    const words = new BigUint64Array(1);
    const float = new Float64Array(words.buffer);
    for (let exponent = -5; exponent <= 14; exponent++) {
      for (let mantissa = 1; mantissa < 1_000; mantissa += 7) {
        float[0] = Number(`${mantissa}e${exponent}`);
        words[0] = (words[0] as bigint) - 2n;
        for (let neighbour = 0; neighbour < 5; neighbour++) {
          const digits = digitsOf(float[0]);
          if (digits !== undefined) expect(digits).toBe(String(float[0]));
          words[0] = (words[0] as bigint) + 1n;
        }
      }
    }
  });

  test("leaves what it cannot write to the engine", () => {
    for (const value of [0, -1.5, 9.99e-6, 1e15, 1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, 0.5]) {
      expect(digitsOf(value)).toBeUndefined();
    }
  });
});
