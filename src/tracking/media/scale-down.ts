import type { Bitmap } from "./bitmap.ts";

/** A smaller copy with its longest side at `longestSide`. Every pixel is the average of those it stands for. */
export function scaleDown(bitmap: Bitmap, longestSide: number): Bitmap {
  const scale = longestSide / Math.max(bitmap.width, bitmap.height);
  const width = Math.max(1, Math.trunc(bitmap.width * scale));
  const height = Math.max(1, Math.trunc(bitmap.height * scale));
  const data = new Uint8Array(width * height * bitmap.channels);
  for (let y = 0; y < height; y++) {
    const [top, bottom] = source(y, height, bitmap.height);
    for (let x = 0; x < width; x++) {
      const [left, right] = source(x, width, bitmap.width);
      data.set(average(bitmap, left, top, right, bottom), (y * width + x) * bitmap.channels);
    }
  }
  return { width, height, channels: bitmap.channels, data };
}

/** Which of `from` pixels in a line become pixel `i` of `to`: each is used once. */
const source = (i: number, to: number, from: number): readonly [number, number] => [
  Math.floor((i * from) / to),
  Math.floor(((i + 1) * from) / to),
];

function average(bitmap: Bitmap, left: number, top: number, right: number, bottom: number): readonly number[] {
  const { width, channels, data } = bitmap;
  const colors = channels === 2 || channels === 4 ? channels - 1 : channels;
  const sums = new Array<number>(colors).fill(0);
  // A transparent pixel has a colour too, which nobody has seen: colours count by their alpha.
  let weights = 0;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const at = (y * width + x) * channels;
      const weight = colors === channels ? 1 : (data[at + colors] as number);
      for (let c = 0; c < colors; c++) sums[c] = (sums[c] as number) + weight * (data[at + c] as number);
      weights += weight;
    }
  }
  const mean = sums.map((sum) => (weights === 0 ? 0 : Math.round(sum / weights)));
  return colors === channels ? mean : [...mean, Math.round(weights / ((right - left) * (bottom - top)))];
}
