import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { float16Bits, float16Value } from "../../../../src/models/predict/float16.ts";

const ALL_BITS = Array.from({ length: 0x10000 }, (_, bits) => bits);
/** Without a sign, in order: the bits count up with the value. */
const FINITE = ALL_BITS.slice(0, 0x7c00).map(float16Value);

/** By looking at all of them. */
function nearestBits(size: number): number {
  if (size >= 65_520) return 0x7c00;
  let best = 0;
  for (const [bits, value] of FINITE.entries()) {
    const [distance, least] = [Math.abs(value - size), Math.abs((FINITE[best] as number) - size)];
    if (distance < least || (distance === least && bits % 2 === 0)) best = bits;
  }
  return best;
}

describe("float16", () => {
  it("is the same after it was read and written, all 65,536 of them", () => {
    const isNaNBits = (bits: number) => (bits & 0x7fff) > 0x7c00;
    expect(ALL_BITS.filter((bits) => !isNaNBits(bits) && float16Bits(float16Value(bits)) !== bits)).toEqual([]);
    expect(ALL_BITS.filter((bits) => Number.isNaN(float16Value(bits)))).toEqual(ALL_BITS.filter(isNaNBits));
    expect(float16Bits(Number.NaN)).toBe(0x7e00);
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65_504, 0x7bff],
    [2 ** -24, 1],
    [-0, 0x8000],
    [Number.NEGATIVE_INFINITY, 0xfc00],
  ])("%d is 0x%x", (value, bits) => {
    expect(float16Bits(value)).toBe(bits);
    expect(float16Value(bits)).toBe(value);
  });

  it.each([
    ["between two, to the even one", 1 + 2 ** -11, 0x3c00],
    ["between two, up to the even one", 1 + 3 * 2 ** -11, 0x3c02],
    ["a float64 beyond the middle, which float32 would take for the middle", 1 + 2 ** -11 + 2 ** -40, 0x3c01],
    ["half of the smallest, to 0", 2 ** -25, 0],
    ["a little more than that", 2 ** -25 + 2 ** -50, 1],
    ["up into the next power of two", 2 - 2 ** -12, 0x4000],
    ["out of the subnormal ones", 2 ** -14 - 2 ** -26, 0x0400],
    ["just below what is infinite", 65_519.99, 0x7bff],
    ["half a step beyond the largest", 65_520, 0x7c00],
  ])("rounds %s", (_, value, bits) => {
    expect(float16Bits(value)).toBe(bits);
    expect(float16Bits(-value)).toBe(bits | 0x8000);
  });

  it("is the nearest of all", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.double({ min: 0, max: 70_000, noNaN: true }), fc.double({ min: 0, max: 1e-4, noNaN: true })),
        (size) => {
          expect(float16Bits(Math.abs(size))).toBe(nearestBits(Math.abs(size)));
        },
      ),
    );
  });
});
