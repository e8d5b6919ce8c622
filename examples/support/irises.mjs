import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { randomNumbers, shuffle } from "./shuffle.mjs";

export const IRISES_FILE = fileURLToPath(new URL("../data/iris.csv", import.meta.url));
export const SPECIES = ["setosa", "versicolor", "virginica"];

/**
 * Reads the 150 irises, shuffled. The same seed makes the same order.
 *
 * @returns {{ lengths: number[][], species: number[] }} four lengths in cm of each flower, and its place in {@link SPECIES}
 */
export function loadIrises({ seed }) {
  const rows = readFileSync(IRISES_FILE, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));
  shuffle(rows, randomNumbers(seed));
  return {
    lengths: rows.map((row) => row.slice(0, 4).map(Number)),
    species: rows.map((row) => SPECIES.indexOf(row[4])),
  };
}
