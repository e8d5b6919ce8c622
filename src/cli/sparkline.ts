const BLOCKS = "▁▂▃▄▅▆▇█";

/**
 * A history as a line of blocks: averages of equally long stretches between the smallest and the largest. A stretch of NaN is a
 * space, an infinity is as high or low as the finite values go.
 */
export function sparkline(values: Float64Array, width: number): string {
  const columns = Math.min(width, values.length);
  const heights = Array.from({ length: columns }, (_, column) => {
    const from = Math.floor((column * values.length) / columns);
    const to = Math.floor(((column + 1) * values.length) / columns);
    return averageOf(values.subarray(from, to));
  });
  const finite = heights.filter(Number.isFinite);
  const lowest = Math.min(...finite);
  const highest = Math.max(...finite);
  return heights.map((height) => blockFor(height, lowest, highest)).join("");
}

function averageOf(stretch: Float64Array): number {
  const finite = stretch.filter(Number.isFinite);
  // Divided first: the sum of large values may be infinite.
  if (finite.length > 0) return finite.reduce((sum, value) => sum + value / finite.length, 0);
  return stretch.find((value) => !Number.isNaN(value)) ?? Number.NaN;
}

function blockFor(height: number, lowest: number, highest: number): string {
  if (Number.isNaN(height)) return " ";
  if (height === Number.POSITIVE_INFINITY) return BLOCKS.at(-1) as string;
  if (height === Number.NEGATIVE_INFINITY || highest <= lowest) return BLOCKS.charAt(0);
  // The range between two large values may be infinite, and half of the smallest value is nothing.
  const scale = Number.isFinite(highest - lowest) ? 1 : 0.5;
  const share = (height * scale - lowest * scale) / (highest * scale - lowest * scale);
  return BLOCKS.charAt(Math.round(share * (BLOCKS.length - 1)));
}
