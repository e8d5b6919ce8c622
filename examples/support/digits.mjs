import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { randomNumbers, shuffle } from "./shuffle.mjs";

export const DIGITS_FILE = fileURLToPath(new URL("../data/digits.csv.gz", import.meta.url));
export const PIXELS_PER_IMAGE = 64;
export const CLASSES = 10;

const DARKEST_PIXEL = 16;
const TRAINING_SHARE = 0.7;
const VALIDATION_SHARE = 0.15;

/**
 * Reads the 1,797 handwritten digits and splits them three ways: to train on, to watch while training, and to judge the finished
 * model by. The same seed makes the same split.
 *
 * @returns of each part `pixels`, one row of 64 numbers from 0 to 1 per image, and `digits`, the number that was written
 */
export function loadDigits({ seed }) {
  const rows = gunzipSync(readFileSync(DIGITS_FILE))
    .toString("utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(",").map(Number));
  // The file goes from writer to writer: its last rows alone would test on people that the training never saw.
  shuffle(rows, randomNumbers(seed));
  const validationStart = Math.round(rows.length * TRAINING_SHARE);
  const testStart = validationStart + Math.round(rows.length * VALIDATION_SHARE);
  return {
    training: asPart(rows.slice(0, validationStart)),
    validation: asPart(rows.slice(validationStart, testStart)),
    test: asPart(rows.slice(testStart)),
  };
}

function asPart(rows) {
  return {
    pixels: rows.map((row) => row.slice(0, PIXELS_PER_IMAGE).map((darkness) => darkness / DARKEST_PIXEL)),
    digits: rows.map((row) => row[PIXELS_PER_IMAGE]),
  };
}
