import { describe, expect, it } from "vitest";
import { type ChartColors, DARK, LIGHT } from "../../../src/report/page/colors.ts";

type Triple = readonly [number, number, number];

function linear(color: string): Triple {
  const parts = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
  return parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)) as unknown as Triple;
}

const times = (rows: readonly Triple[], [a, b, c]: Triple): Triple =>
  rows.map(([x, y, z]) => x * a + y * b + z * c) as unknown as Triple;

/** The contrast of WCAG. */
function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [one, other].map(
    (color) =>
      times(
        [
          [0.2126, 0.7152, 0.0722],
          [0, 0, 0],
          [0, 0, 0],
        ],
        linear(color),
      )[0],
  );
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

// How colours look to people without the cones for red or green: Viénot, Brettel and Mollon, 1999, in linear RGB.
const SEEN_BY: Readonly<Record<string, readonly Triple[]>> = {
  "all cones": [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  "no cones for red": [
    [0.11238, 0.88762, 0],
    [0.11238, 0.88762, 0],
    [0.00401, -0.00401, 1],
  ],
  "no cones for green": [
    [0.29275, 0.70725, 0],
    [0.29275, 0.70725, 0],
    [-0.02234, 0.02234, 1],
  ],
};

/** Björn Ottosson's Oklab, where distances are alike to the eye. */
function lab(rgb: Triple): Triple {
  const cones = times(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    rgb,
  ).map((part) => Math.cbrt(Math.max(0, part))) as unknown as Triple;
  return times(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  );
}

const distance = (a: Triple, b: Triple) => Math.hypot(...a.map((part, index) => part - (b[index] as number)));

/** What a careful eye tells apart side by side is 0.02. */
const CLEARLY_APART = 0.1;
/** WCAG asks for it of what must be seen, and for more of what must be read. */
const SEEN = 3;
const READ = 4.5;

describe.each<[string, ChartColors]>([
  ["light", LIGHT],
  ["dark", DARK],
])("the colours of charts, %s", (_, colors) => {
  it("are seen on their background", () => {
    for (const line of colors.lines) expect(contrast(line, colors.background)).toBeGreaterThanOrEqual(SEEN);
    expect(contrast(colors.text, colors.background)).toBeGreaterThanOrEqual(READ);
  });

  it.each(Object.entries(SEEN_BY))("are told apart with %s", (_, matrix) => {
    const seen = colors.lines.map((line) => lab(times(matrix, linear(line))));
    for (const [index, one] of seen.entries()) {
      for (const [other, two] of seen.slice(0, index).entries()) {
        expect(distance(one, two), `${colors.lines[index]} and ${colors.lines[other]}`).toBeGreaterThan(CLEARLY_APART);
      }
    }
  });
});
